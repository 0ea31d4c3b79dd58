import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { ERRORS, EXIT_CODES } from '../core/errors.ts'
import { CHECKOUT } from '../platform/config.ts'
import { FACTS, LIBRARY_METRICS } from '../platform/facts/fact-table.ts'
import type { Setting } from '../platform/setting.ts'
import { SETTINGS } from '../platform/settings.ts'
import { METRICS } from '../streaming/metric-table.ts'
import { COMMANDS } from './commands.ts'

/** The generated files, by path: made from the tables of settings, errors, metrics, limits and commands. */
export async function referenceFiles(): Promise<Record<string, string>> {
  return { '.env.example': envExample(), 'docs/reference.md': await referencePage() }
}

const ROWS: readonly Setting<unknown>[] = Object.values(SETTINGS)

function envExample(): string {
  const blocks = ROWS.map(({ env, about, group, fallback }, index) => {
    const title = ROWS[index - 1]?.group === group ? '' : `# ── ${group} ──\n\n`
    return `${title}# ${about}\n#${env}=${fallback ?? ''}\n`
  })
  return `${ENV_HEADER}\n${blocks.join('\n')}`
}

const ENV_HEADER = `# Every setting, with its default. Docker Compose reads them from a file .env; for ./upi, put them into the environment.
# What is empty here comes from the local stack, or is unset. A secret may come as NAME_FILE, the path of a file.
# Made by \`npm run docs\` from platform/settings.ts.
`

async function referencePage(): Promise<string> {
  const parts = [settingsPart(), errorsPart(), metricsPart(), limitsPart()]
  return `${[INTRODUCTION, await commandsPart(), ...parts].join('\n\n')}\n`
}

const INTRODUCTION = `# Reference

Made by \`npm run docs\` from \`cli/commands/\`, \`platform/settings.ts\`, \`core/errors.ts\`, \`streaming/metric-table.ts\`,
\`platform/facts/fact-table.ts\` and \`core/*limits.ts\`.`

async function commandsPart(): Promise<string> {
  const entries = COMMANDS.flatMap((group) => group.entries)
  const texts = await Promise.all(
    entries.map(async ({ name, load }) => commandText(`./upi ${name}`, await load())),
  )
  const verbose = '`--verbose` and `--help` belong to every command; unknown options are refused.'
  return `## Commands\n\n${verbose}\n\n${texts.join('\n\n')}`
}

function commandText(name: string, command: Command): string {
  const { registeredArguments, options, commands } = command
  const words = registeredArguments.map((each) =>
    each.required ? `<${each.name()}>` : `[${each.name()}]`,
  )
  const rows = [
    ...registeredArguments.map((each) => [code(each.name()), each.description]),
    ...options
      .filter(({ long }) => long !== '--verbose')
      .map(({ flags, description, defaultValue, negate }) => {
        const isShown = defaultValue !== undefined && !negate
        return [code(flags), isShown ? `${description} (default ${defaultValue})` : description]
      }),
  ]
  return [
    `### ${[name, ...words].join(' ')}`,
    command.description(),
    ...(rows.length > 0 ? [table(['option', 'meaning'], rows)] : []),
    ...commands.map((each) => commandText(`${name} ${each.name()}`, each)),
  ].join('\n\n')
}

function settingsPart(): string {
  const rows = ROWS.map(({ env, about, fallback, local, parse }) => [
    code(env),
    defaultText(fallback, local !== undefined),
    parse.isSecret === true ? `${about} A secret.` : about,
  ])
  return `## Settings

Environment variables, read once; all faults are reported together. Each may be given as \`NAME_FILE\`, the path of a file.

${table(['setting', 'default', 'meaning'], rows)}`
}

function defaultText(fallback: string | undefined, isLocal: boolean): string {
  if (fallback !== undefined) return fallback === '' ? 'none' : code(fallback)
  return isLocal ? 'the local stack' : 'unset'
}

function errorsPart(): string {
  const rows = Object.entries(ERRORS).map(([name, { kind, summary }]) => [
    code(name),
    kind,
    kind === 'reject' ? '' : String(EXIT_CODES[kind]),
    summary,
  ])
  return `## Errors

\`reject\` a message is refused and kept; \`retry\` the outside is away, it is tried again; \`stop\` a person must act; \`no\` the
answer is no; \`usage\` the call was wrong; \`bug\` ours.

${table(['code', 'kind', 'exit', 'meaning'], rows)}`
}

function metricsPart(): string {
  return `## Metrics

Each process serves them at \`/metrics\` of \`UPI_METRICS_PORT\`, beside Node's own (\`process_…\`, \`nodejs_…\`).

### Of the stream

${metricsTable(METRICS)}

### Of the worker

Most are facts that no process counts: read from where they lie when they are asked for, every 10 seconds at most, and left
out while they cannot be read.

${metricsTable(FACTS)}

Of those of Temporal's library (\`temporal_…\`), in milliseconds, dashboards show:

${metricsTable(LIBRARY_METRICS)}`
}

function metricsTable(
  metrics: Readonly<Record<string, { type: string; labels: readonly string[]; help: string }>>,
): string {
  const rows = Object.entries(metrics).map(([name, { type, labels, help }]) => [
    code(name),
    type,
    labels.map(code).join(' '),
    help,
  ])
  return table(['metric', 'type', 'labels', 'meaning'], rows)
}

// The reasons stand in comments, one above each limit; some limits share one.
function limitsPart(): string {
  const files = ['core/limits.ts', 'core/stack-limits.ts']
  const text = files.map((path) => readFileSync(join(CHECKOUT, path), 'utf8')).join('\n')
  const rows = [...text.matchAll(/((?:^\/\/ .+\n)+)((?:^export const .+\n)+)/gm)].flatMap(
    ([, comment = '', limits = '']) => {
      const reason = comment
        .replaceAll(/^\/\/ /gm, '')
        .trim()
        .replaceAll('\n', ' ')
      return [...limits.matchAll(/const (\w+) = (.+)/g)].map(([, name = '', value = '']) => [
        code(name),
        code(value),
        reason,
      ])
    },
  )
  return `## Limits\n\n${table(['limit', 'value', 'why'], rows)}`
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(titles), `|${titles.map(() => '---|').join('')}`, ...rows.map(line)].join('\n')
}

function code(text: string): string {
  return `\`${text}\``
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(await referenceFiles())) {
    writeFileSync(join(CHECKOUT, path), text)
  }
}
