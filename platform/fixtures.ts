import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { UpiError } from '../core/errors.ts'
import { type Config, loadConfig } from './config.ts'

/** The error for people that a call throws; anything else fails the test. */
export function faultOf(call: () => unknown): UpiError {
  try {
    call()
  } catch (fault) {
    if (fault instanceof UpiError) return fault
    throw fault
  }
  throw new Error('nothing was thrown')
}

/** The settings of an environment that knows no local stack. */
export function configOf(env: Readonly<Record<string, string>>): Config {
  return loadConfig({ UPI_HOME: '/nonexistent/upi', ...env })
}

/** A certificate that vouches for nothing, for the tests of settings. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBfjCCASOgAwIBAgIUP3ub6ibxYMmnk46Es1zXjS8a78QwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIdXBpIHRlc3QwIBcNMjYxMTIxMTM0MDU3WhgPMjEyNjEwMjgx
MzQwNTdaMBMxETAPBgNVBAMMCHVwaSB0ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEHFxCQ5qStpE6MiVFX0E2ekRi3i3weo3Qf5n22PfNXUKdQxrTfJYF5jhB
WHJWwIBCvk8rc3H452HZ3K1yS5UVTaNTMFEwHQYDVR0OBBYEFO5+ysDVmQ8Z2BTc
DzOai8/psUG7MB8GA1UdIwQYMBaAFO5+ysDVmQ8Z2BTcDzOai8/psUG7MA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAJk+vJrWwI1uh/6m9fPDvR/+
SqC8nJ534Hf2+WnXV295AiEAiFVeeeLMkPmXjPUC9yjDfDtxDQTcctYfvD6tIBWu
s6Q=
-----END CERTIFICATE-----
`

/** Its key. */
export const KEY = pemOf(
  createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: 'HFxCQ5qStpE6MiVFX0E2ekRi3i3weo3Qf5n22PfNXUI',
      y: 'nUMa03yWBeY4QVhyVsCAQr5PK3Nx-Odh2dytckuVFU0',
      d: '24lQQP6ZzmkZqqDb52PU8z93cp2mBSsjVT3461RIB6g',
    },
  }),
)

/** The key of some other certificate. */
export const OTHER_KEY = pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)

function pemOf(key: ReturnType<typeof createPrivateKey>): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString()
}
