import { readState } from '../stack/index.ts'
import { by, type FactReader } from './fact-reader.ts'

/** How often the supervisor of the local stack had to start its parts again; nothing where another one looks after them. */
export function partFacts(home: string): FactReader {
  return {
    fact: 'parts',
    async read() {
      const parts = readState(home)?.components.filter(({ external }) => !external) ?? []
      const told = parts.filter(({ kind }) => kind !== 'step')
      const name = (part: { readonly name: string }) => part.name
      return {
        upi_part_restarts_total: by(told, 'part', name, ({ restarts }) => restarts),
        upi_part_hangs_total: by(told, 'part', name, ({ hangs }) => hangs),
      }
    },
  }
}
