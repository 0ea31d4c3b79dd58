import type { Command } from 'commander'
import { dateOption, newCommand } from '../command.ts'

/** `./upi reconcile` */
export function reconcileCommand(): Command {
  return newCommand('reconcile', 'Prove the books of some days at one snapshot; changes nothing.')
    .option('--from <day>', 'first business date; by default six days before the last', dateOption)
    .option('--to <day>', 'last business date; by default yesterday in India', dateOption)
    .option('--json', 'print for machines')
    .addHelpText('after', HELP)
    .action(async (options) => (await import('../reconcile-books.ts')).reconcileBooks(options))
}

const HELP = `
Raw, dead letters and batches by the UTC day of Kafka's time, clean and marts by business date. pending: a refresh is
about to build it. waits: only a rebuild can settle it, nothing is lost. Exit 1 if a book is broken. What was found is
kept in ops.reconciliations. In the Temporal UI: workflow reconcile on task queue upi-heavy, id
reconcile/<from>..<to>, input {"from": "2026-01-01", "to": "2026-01-31"} and if wished "actor".`
