import { type Config, need } from '../../platform/config.ts'
import { checkSubject, messageSubjects } from '../../platform/message-subjects.ts'
import { createRegistry, type Registry } from '../../platform/registry.ts'
import type { Finding } from '../../platform/stack/index.ts'
import { type Fault, look } from './look.ts'

/** Whether the registry is there and has the schemas of this version. */
export async function registryFindings(config: Config): Promise<Finding[]> {
  const registry = createRegistry(need(config, 'schemaRegistryUrl'))
  const server = await look('registry server', async () => {
    await registry.ask({ path: '/subjects' })
    return `${(await registry.readVersion()) ?? 'of unknown version'} at ${registry.url}`
  })
  if (server.some(({ ok }) => !ok)) return server
  return [...server, ...(await look('schema', () => schemas(registry, config.topic)))]
}

async function schemas(registry: Registry, topic: string): Promise<string | readonly Fault[]> {
  const states = await Promise.all(
    Object.values(messageSubjects(topic)).map((subject) => checkSubject(registry, subject)),
  )
  const faults = states.flatMap(({ subject, state, reason }): Fault[] => {
    if (state === 'registered') return []
    if (state === 'may be registered') {
      return [{ text: `${subject} is not registered`, fix: './upi schema register' }]
    }
    const isLevel = state === 'level differs'
    const fix = isLevel
      ? './upi schema register'
      : 'keep every field and its types; a new field must be optional'
    return [{ text: `${subject}: ${reason}`, fix }]
  })
  return faults.length > 0 ? faults : `${states.length} registered`
}
