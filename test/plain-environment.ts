import { environmentOf } from '../platform/config.ts'
import { SETTINGS } from '../platform/settings.ts'

const OURS = new Set(Object.values(SETTINGS).flatMap(({ env }) => [env, `${env}_FILE`]))

/** The environment of this machine without any setting of the platform and any mark of Vitest. */
export function plainEnvironment(): Record<string, string> {
  const kept = Object.entries(environmentOf()).filter(
    ([name]) =>
      !OURS.has(name) && !/^(VITEST|TEST$|NODE_ENV$|DEV$|PROD$|MODE$|BASE_URL$|SSR$)/.test(name),
  )
  return Object.fromEntries(kept)
}
