import { loadConfig } from '../platform/config.ts'
import { probeHttp, probeKafka, probePostgres, probeTcp } from '../platform/stack/probes.ts'
import { accessOf, NEEDED, type Servers } from './servers.ts'
import type { SharedStack } from './stack-context.ts'

/** The servers that the settings name, such as those of a running `./upi up`, if they are near and all answer. */
export async function findRunningServers(): Promise<Servers | undefined> {
  const config = loadConfig()
  if (NEEDED.some((name) => config[name] === undefined)) return undefined
  const access = accessOf(config)
  try {
    await probe(access.stack)
  } catch {
    return undefined
  }
  return { about: `the running stack of ${config.home}`, ...access, stop: async () => {} }
}

async function probe(stack: SharedStack): Promise<void> {
  const kafka = near(`kafka://${stack.kafkaBrokers.split(',')[0]}`)
  const temporal = near(`temporal://${stack.temporalAddress}`)
  near(stack.databaseUrl)
  near(stack.registryUrl)
  await Promise.all([
    probePostgres(stack.databaseUrl),
    probeKafka(kafka.hostname, Number(kafka.port)),
    probeHttp(`${stack.registryUrl}/subjects`),
    probeTcp(temporal.hostname, Number(temporal.port)),
  ])
}

// Tests make and drop databases, topics and namespaces: not where somebody else works.
function near(text: string): URL {
  const url = new URL(text)
  if (!/^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname)) {
    throw new Error(`${url.hostname} is not this machine`)
  }
  return url
}
