import type { Config } from '../../platform/config.ts'
import type { Ask } from '../../platform/facts/fact-reader.ts'
import { readPace } from '../../platform/queries/stream-batches.ts'
import { platformFacts } from '../platform-facts.ts'
import { statusLines } from '../status/lines.ts'
import type { Fault } from './look.ts'

/** What is past the bound of its alert, as ./upi status judges it: of that for which no other look is taken. */
export async function passedBounds(config: Config, ask: Ask): Promise<string | readonly Fault[]> {
  const readers = platformFacts(config, ask).filter(({ fact }) => SOURCES.includes(fact))
  const [pace, ...told] = await Promise.all([readPace(ask), ...readers.map((each) => each.read())])
  const facts = Object.fromEntries(readers.map(({ fact }, at) => [fact, { value: told[at] }]))
  const faults = statusLines({ pace: { value: pace }, facts }).flatMap(({ name, state, text }) => {
    const fix = FIXES[name]
    return state === 'look' && fix !== undefined ? [{ text: `${name}: ${text}`, fix }] : []
  })
  return faults.length > 0 ? faults : 'none passed'
}

const SOURCES = ['models', 'books', 'backups']
const FIXES: Readonly<Record<string, string>> = {
  rate: './upi rejected list --counts names the rules; docs/runbooks/stream-rejects.md',
  figures: './upi models run builds them now; docs/runbooks/marts-old.md says why nobody did',
  books: './upi reconcile; docs/runbooks/reconcile-late.md',
  backup: './upi backup run; docs/runbooks/backup-old.md',
}
