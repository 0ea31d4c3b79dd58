import type { ClientBase } from 'pg'
import { FOLD_SUSPECTS_MAX } from '../../core/limits.ts'
import { type Book, type BookDays, bookOf, Faults } from './book.ts'
import { checkRejected } from './check-rejected.ts'
import { Suspects } from './check-suspects.ts'
import type { Finding } from './check-transaction.ts'
import { type DayContent, readArchived, readDayContents } from './day-contents.ts'
import { type Fold, foldDay } from './fold-day.ts'
import { Pages } from './pages.ts'
import type { ReadAgain } from './raw-messages.ts'
import { RawRules } from './raw-rules.ts'
import { withinDates } from './within-days.ts'

const SAYS: Readonly<Record<Finding['book'], string>> = {
  fold: 'every row is what the messages of raw say of its transaction',
  messages: 'every row counts its messages',
  conflicts: 'the log of conflicts has the messages that conflict, and no others',
}

/** A day that was folded: its content then, and the transactions that its own messages alone do not explain. */
export interface FoldedDay {
  readonly content: string
  readonly suspects: readonly string[]
}

/** Days that were folded before, so that one that has not changed is not folded again. */
export interface FoldedDays {
  find(days: readonly string[]): Promise<ReadonlyMap<string, FoldedDay>>
  save(day: string, folded: FoldedDay): Promise<void>
}

/** How raw is folded. */
export interface FoldOptions {
  readonly readAgain: ReadAgain
  /** The version of the rules behind `readAgain`; what was written under others waits for a rebuild. */
  readonly rulesVersion?: string
  readonly foldedDays?: FoldedDays
  readonly onDay?: (day: string, nth: number, days: number) => void
}

/**
 * Folds raw by the processors again, a day at a time, and compares the outcome with clean. A day costs the memory of some
 * pages; transactions that their day alone does not explain are looked at one by one, with all there is of them.
 */
export async function checkFold(
  client: ClientBase,
  options: FoldOptions,
  days?: BookDays,
): Promise<Book[]> {
  const rules = new RawRules(client, options.rulesVersion)
  const fold: Fold = { client, readAgain: options.readAgain, rules, judged: new Faults() }
  const contents = await readDayContents(client, days)
  const faults = { fold: new Faults(), messages: new Faults(), conflicts: new Faults() }
  const looking = { ...fold, archived: await readArchived(client) }
  const suspects = new Suspects(looking, faults)
  await findApart(client, days, suspects)
  await foldDays(fold, contents, { ...options, suspects })
  await suspects.finish()
  await checkRejected(fold, days)
  const says =
    'every message of raw is judged as it was: accepted under its id and day, or rejected'
  const checked = contents.reduce((sum, { messages }) => sum + messages, 0)
  const unit = 'messages'
  return [
    bookOf('judgement', says, { ...fold.judged, checked, unit }),
    ...(['fold', 'messages', 'conflicts'] as const).map((name) =>
      bookOf(name, SAYS[name], { ...faults[name], checked, unit }),
    ),
  ]
}

/** Folds the days that have changed; of those that have not, the suspects are known. */
async function foldDays(
  fold: Fold,
  contents: readonly DayContent[],
  { foldedDays, rulesVersion = '', onDay, suspects }: FoldOptions & { suspects: Suspects },
): Promise<void> {
  const known = await foldedDays?.find(contents.map(({ day }) => day))
  for (const [nth, { day, content: rows }] of contents.entries()) {
    onDay?.(day, nth, contents.length)
    const content = `${rulesVersion} ${rows}`
    const before = known?.get(day)
    if (before?.content === content) {
      for (const id of before.suspects) await suspects.add(id)
      continue
    }
    const judged = otherwiseIn(fold)
    const doubtful: string[] = []
    for await (const id of foldDay(fold, day)) {
      await suspects.add(id)
      if (doubtful.length <= FOLD_SUSPECTS_MAX) doubtful.push(id)
    }
    if (otherwiseIn(fold) > judged || doubtful.length > FOLD_SUSPECTS_MAX) continue
    await foldedDays?.save(day, { content, suspects: doubtful })
  }
}

function otherwiseIn({ judged }: Fold): number {
  return judged.count + judged.waiting.count
}

/** Finds transactions that no day explains by itself: in the log of conflicts, or with rows on two days. */
async function findApart(
  client: ClientBase,
  days: BookDays | undefined,
  suspects: Suspects,
): Promise<void> {
  const query = `
    select txn_id from ops.txn_conflicts where ${withinDates('business_date', days)}
    union
    select txn_id from clean_upi_transactions
     group by txn_id having count(*) > 1 and bool_or(${withinDates('business_date', days)})`
  const apart = await Pages.open<{ txn_id: string }>(
    client,
    { name: 'apart', query },
    (page) => page,
  )
  for (
    let row = await apart.turn();
    row !== undefined;
    row = apart.current ?? (await apart.turn())
  ) {
    await suspects.add(row.txn_id)
    apart.skip()
  }
}
