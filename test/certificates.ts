import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runTool } from '../platform/stack/fetch/run-tool.ts'
import { plainEnvironment } from './plain-environment.ts'

/** The files of a certificate and its key. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** A certificate authority of our own that lives for a test. */
export interface Authority extends Certificate {
  /** Signs a certificate for a name as openssl writes it: `DNS:localhost`, `IP:127.0.0.1`. */
  sign(name: string, subjectAltName: string): Promise<Certificate>
}

/** Makes an authority whose files, and those of what it signs, lie in a folder. */
export async function makeAuthority(folder: string, name: string): Promise<Authority> {
  const own = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
  const config = join(folder, `${name}.cnf`)
  writeFileSync(config, CONFIG)
  const request = (subject: string, key: string) =>
    ['req', '-config', config, '-subj', `/CN=${subject}`, ...NEW_KEY, '-keyout', key] as const
  await openssl([...request(name, own.key), '-x509', '-days', '2', '-out', own.cert])
  let serial = 0
  return {
    ...own,
    async sign(subject, subjectAltName) {
      const [cert, key] = [join(folder, `${subject}.crt`), join(folder, `${subject}.key`)]
      const [asked, extensions] = [join(folder, `${subject}.csr`), join(folder, `${subject}.ext`)]
      writeFileSync(extensions, `subjectAltName=${subjectAltName}\n`)
      await openssl([...request(subject, key), '-out', asked])
      serial += 1
      const signer = ['-CA', own.cert, '-CAkey', own.key, '-set_serial', String(serial)]
      const sign = ['x509', '-req', '-in', asked, '-days', '2', ...signer]
      await openssl([...sign, '-extfile', extensions, '-out', cert])
      return { cert, key }
    },
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

// Of its own, so that it does not matter what openssl.cnf this machine has.
const CONFIG = `[req]
distinguished_name = subject
x509_extensions = authority
[subject]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
`

async function openssl(args: readonly string[]): Promise<void> {
  await runTool({ command: 'openssl', args, env: plainEnvironment() })
}
