import type { Command } from 'commander'
import { UpiError } from '../../core/errors.ts'
import { loadConfig, need } from '../../platform/config.ts'
import {
  checkSubject,
  incompatible,
  messageSubjects,
  registerSubject,
  type SubjectState,
} from '../../platform/message-subjects.ts'
import { createRegistry } from '../../platform/registry.ts'
import { newCommand, subCommand } from '../command.ts'
import { printJson, printTable } from '../output.ts'

interface Options {
  readonly json?: boolean
}

/** `./upi schema` */
export function schemaCommand(): Command {
  const command = newCommand('schema', 'Register the message schema, or check that it may change.')
  subCommand(command, 'register', 'Register the schema of this version as JSON Schema and as Avro.')
    .option('--json', 'print for machines')
    .addHelpText(
      'after',
      '\nRegistering again changes nothing. Exit 1 when earlier versions forbid it.',
    )
    .action(register)
  subCommand(command, 'check', 'Ask the registry whether this version may follow all earlier ones.')
    .option('--json', 'print for machines')
    .addHelpText('after', '\nNothing is registered. Exit 1 when a schema is incompatible.')
    .action(check)
  return command
}

async function register(options: Options): Promise<void> {
  const config = need(loadConfig(), 'schemaRegistryUrl')
  const registry = createRegistry(config)
  const subjects = messageSubjects(config.topic)
  const rows: { subject: string; level: string; id: number }[] = []
  for (const subject of [subjects.json, subjects.avro]) {
    const id = await registerSubject(registry, subject)
    rows.push({ subject: subject.name, level: subject.level, id })
  }
  if (options.json === true) return printJson(rows)
  printTable(rows, [
    { title: 'subject', value: (row) => row.subject },
    { title: 'compatibility', value: (row) => row.level },
    { title: 'id', value: (row) => row.id, align: 'right' },
  ])
}

async function check(options: Options): Promise<void> {
  const config = need(loadConfig(), 'schemaRegistryUrl')
  const registry = createRegistry(config)
  const subjects = messageSubjects(config.topic)
  const rows: SubjectState[] = []
  for (const subject of [subjects.json, subjects.avro])
    rows.push(await checkSubject(registry, subject))
  if (options.json === true) printJson(rows)
  else {
    printTable(rows, [
      { title: 'subject', value: (row) => row.subject },
      { title: 'compatibility', value: (row) => row.level },
      { title: 'versions', value: (row) => row.versions, align: 'right' },
      { title: 'this version', value: (row) => row.state, style: styleOf },
    ])
  }
  const refused = rows.find(({ reason }) => reason !== null)
  if (refused !== undefined) throw refusal(refused)
}

function styleOf({ reason }: SubjectState): 'green' | 'red' {
  return reason === null ? 'green' : 'red'
}

function refusal({ subject, state, reason }: SubjectState): UpiError {
  if (state === 'incompatible') return incompatible(subject, reason ?? state)
  return new UpiError('CHECK_FAILED', `${subject}: ${reason}`, { fix: './upi schema register' })
}
