import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { type Config, loadConfig, need } from '../../platform/config.ts'
import { migrateUp, migrationStatus } from '../../platform/migrate.ts'
import { addressOf, secureUrl } from '../../platform/postgres.ts'
import type { RolePasswords } from '../../platform/role-passwords.ts'
import { newCommand, subCommand } from '../command.ts'
import { makeMarts } from '../make-marts.ts'
import { note, print, printJson, printTable } from '../output.ts'

/** `./upi migrate` */
export function migrateCommand(): Command {
  const command = newCommand(
    'migrate',
    'Bring the database to this version: roles, tables, functions, grants. Safe to repeat.',
  ).action(up)
  subCommand(command, 'up', 'The same.').action(up)
  subCommand(
    command,
    'status',
    'List the migrations. Exit 1 if the database is not of this version.',
  )
    .option('--json', 'print for machines')
    .action(status)
  subCommand(
    command,
    'dump',
    'Write migrations/schema.sql as the migrations make it on this server, to be reviewed.',
  ).action(dump)
  return command
}

async function up(): Promise<void> {
  const { config, connectionString } = admin()
  const applied = await migrateUp({
    connectionString,
    rolePasswords: rolePasswords(config),
    onStep: note,
  })
  for (const name of await makeMarts(config, connectionString)) note(`model ${name}`)
  const what = applied.length === 0 ? 'up to date' : `${applied.length} migrations applied`
  print(`${addressOf(connectionString)}: ${what}`)
}

async function status(options: { json?: boolean }): Promise<void> {
  const migrations = await migrationStatus(admin())
  if (options.json === true) printJson(migrations)
  else {
    printTable(migrations, [
      { title: 'migration', value: (row) => row.name },
      {
        title: 'state',
        value: (row) => row.state,
        style: (row) => (row.state === 'applied' ? 'green' : 'yellow'),
      },
      { title: 'applied', value: (row) => row.appliedAt },
    ])
  }
  if (migrations.some(({ state }) => state !== 'applied')) process.exitCode = 1
}

async function dump(): Promise<void> {
  const { dumpMigrations, SCHEMA_FILE } = await import('../../platform/schema-dump.ts')
  writeFileSync(SCHEMA_FILE, await dumpMigrations(admin().connectionString))
  print(`wrote ${SCHEMA_FILE}`)
}

function admin() {
  const config = need(loadConfig(), 'databaseUrl')
  return { config, connectionString: secureUrl(config, config.databaseUrl) }
}

/** The passwords that the roles log in with are those of their URLs. */
function rolePasswords(config: Config): RolePasswords {
  const urls = {
    upi_ingest: config.ingestDatabaseUrl,
    upi_transform: config.transformDatabaseUrl,
    upi_api: config.apiDatabaseUrl,
    upi_report: config.reportDatabaseUrl,
    upi_backup: config.backupDatabaseUrl,
  }
  return Object.fromEntries(
    Object.entries(urls).flatMap(([role, url]) => {
      if (url === undefined || !URL.canParse(url)) return []
      const { username, password } = new URL(url)
      return username === role && password !== '' ? [[role, decodeURIComponent(password)]] : []
    }),
  )
}
