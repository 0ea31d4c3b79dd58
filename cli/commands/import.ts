import type { Command } from 'commander'
import { EXIT_INTERRUPTED, UpiError } from '../../core/errors.ts'
import type { Mapping } from '../../core/import/mapping.ts'
import { type Understanding, understand } from '../../core/import/understand.ts'
import { LOAD_OUTAGE_MS_MAX } from '../../core/limits.ts'
import { REQUIRED_FIELDS } from '../../core/message.ts'
import { type Config, loadConfig, need } from '../../platform/config.ts'
import { ImportFile } from '../../platform/import-file.ts'
import { readMapping } from '../../platform/mapping-file.ts'
import type { Framing } from '../../platform/message-encoder.ts'
import { TopicProducer } from '../../platform/producer.ts'
import { RejectsFile } from '../../platform/rejects-file.ts'
import { Shutdown } from '../../platform/shutdown.ts'
import { createLogger, type Logger } from '../../platform/telemetry.ts'
import { checkingRulesOf } from '../../streaming/rules.ts'
import { countOption, newCommand } from '../command.ts'
import { framingOption, openEncoder } from '../framing.ts'
import { FileImport, type ImportOutlet } from '../import-lines.ts'
import { noteUnderstanding, printOutcome, printUnderstanding } from '../import-report.ts'
import { ImportTally } from '../import-tally.ts'
import { formatSpan, note, Progress, print, printJson } from '../output.ts'

const LINE_MAX = 10_000_000_000

interface Options {
  readonly map?: string
  readonly dryRun?: boolean
  readonly printMap?: boolean
  readonly zone?: string
  readonly framing: Framing
  readonly rejects?: string
  readonly fromLine: number
  readonly json?: boolean
  readonly verbose?: boolean
}

/** `./upi import` */
export function importCommand(): Command {
  return newCommand(
    'import',
    'Send the rows of CSV or NDJSON files, under whatever column names, to the topic.',
  )
    .argument('<file...>', 'CSV or JSON lines, plain or gzip; - reads stdin')
    .option('--map <file>', 'mapping of columns to fields (JSON); what it lacks is made out')
    .option(
      '--dry-run',
      'send nothing; report how the columns are understood and what would be refused',
    )
    .option(
      '--print-map',
      'print the mapping as it is understood, to be edited, and do nothing else',
    )
    .option('--zone <zone>', 'zone of time stamps that carry none, such as Asia/Kolkata or +05:30')
    .option('--framing <kind>', 'plain, json or avro', framingOption, 'json')
    .option(
      '--rejects <file>',
      'write refused rows with their line numbers and codes to this new file',
    )
    .option(
      '--from-line <n>',
      'go on with this line of the first file',
      countOption(1, LINE_MAX),
      1,
    )
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
    .action(importFiles)
}

const HELP = `
Columns are known by many names, amounts by ₹ and grouping, dates by their look; what is not obvious, such as the day
and month of 01/02/2026, is asked for and never guessed. A row that the stream would reject is refused before it is
sent, with its line number; the exit code is then 1. Rows sent twice do no harm: import again from any line.

A mapping, each part optional; a column's name alone may stand for a rule:
  { "format": "csv", "delimiter": ";", "encoding": "windows-1252", "header": 3, "zone": "Asia/Kolkata", "nulls": ["-"],
    "fields": { "txn_id": "Txn Ref", "amount": { "column": "Amt", "unit": "paise" }, "mcc": null,
                "timestamp": { "column": ["Date", "Time"], "format": "DD/MM/YYYY HH:mm:ss" },
                "status": { "column": "Result", "words": { "OK": "SUCCESS" } }, "type": { "value": "P2M" } } }
header: the line with the names; 0 if there is none, and columns are #1, #2, …  In JSON lines, outer.inner is a column.
format: iso, epoch-seconds, epoch-millis, epoch-micros, or a pattern of YYYY YY MM MMM DD HH hh mm ss A Z.`

interface Source {
  readonly file: ImportFile
  readonly understanding: Understanding
}

async function importFiles(names: readonly string[], options: Options): Promise<void> {
  if (new Set(names).size !== names.length)
    throw new UpiError('OPTION_INVALID', 'a file is given twice')
  const config = loadConfig()
  const sources = await readSources(names, options, config)
  if (options.printMap === true) return printMappings(sources)
  refuseFaults(sources)
  const isDry = options.dryRun === true
  if (options.json !== true) {
    for (const { file, understanding } of sources) {
      if (isDry) printUnderstanding(file.name, understanding)
      else noteUnderstanding(file.name, understanding)
    }
  }
  await runImport(sources, { options, config, isDry })
}

async function readSources(
  names: readonly string[],
  { map, zone }: Options,
  config: Config,
): Promise<Source[]> {
  const mapping = map === undefined ? {} : await readMapping(map)
  const sources: Source[] = []
  for (const name of names) {
    const file = await ImportFile.open(name, mapping.encoding)
    const lines = await file.sample()
    const naive = zone ?? mapping.zone ?? config.naiveTimestampZone
    const given: Mapping = {
      ...mapping,
      ...(file.encoding === undefined ? {} : { encoding: file.encoding }),
      ...(naive === undefined ? {} : { zone: naive }),
    }
    sources.push({ file, understanding: understand(lines, given) })
  }
  return sources
}

function refuseFaults(sources: readonly Source[]): void {
  const faults = sources.flatMap(({ file, understanding }) =>
    understanding.faults.map((fault) => `${file.name}: ${fault}`),
  )
  if (faults.length === 0) return
  // A mapping is of no use to what is no table at all.
  const isTable = sources.some(
    ({ understanding: { columns, ignored } }) => columns.length + ignored.length > 0,
  )
  const fix = './upi import FILE --print-map > map.json, edit it, then --map map.json'
  throw new UpiError('OPTION_INVALID', faults.join('; '), isTable ? { fix } : {})
}

function printMappings(sources: readonly Source[]): void {
  for (const { file, understanding } of sources) {
    const { mapping, faults, notes } = understanding
    const missing = REQUIRED_FIELDS.filter((field) => !mapping.fields?.[field])
    const blanks = Object.fromEntries(missing.map((field) => [field, { column: '' }]))
    printJson({ ...mapping, fields: { ...mapping.fields, ...blanks } })
    for (const line of [...faults, ...notes]) note(`${file.name}: ${line}`)
    if (faults.length > 0) process.exitCode = 1
  }
}

interface Run {
  readonly options: Options
  readonly config: Config
  readonly isDry: boolean
}

async function runImport(sources: readonly Source[], run: Run): Promise<void> {
  const { options, config } = run
  const level = options.verbose === true ? 'debug' : config.logLevel
  const log = createLogger({ process: 'import', level, pretty: process.stderr.isTTY === true })
  const shutdown = new Shutdown(log)
  const tally = new ImportTally()
  const since = performance.now()
  try {
    const outlet = await openOutlet(run, { shutdown, log })
    const showProgress = progressOf(sources, tally)
    for (const [i, { file, understanding }] of sources.entries()) {
      if (shutdown.signal.aborted) break
      const fileImport = new FileImport(file, {
        understanding,
        rules: checkingRulesOf(config),
        outlet,
        tally,
        fromLine: i === 0 ? options.fromLine : 1,
        signal: shutdown.signal,
        onPortion: (bytesRead) => showProgress(i, bytesRead),
      })
      await fileImport.run().catch((fault) => {
        noteResume(sources.slice(i), fileImport.resumeAt)
        throw fault
      })
      if (shutdown.signal.aborted) noteResume(sources.slice(i), fileImport.resumeAt)
    }
    if (tally.sum('refused') > 0) process.exitCode = 1
    if (shutdown.signal.aborted) process.exitCode = EXIT_INTERRUPTED
  } finally {
    await shutdown.close()
    report(sources, tally, { ...run, millis: performance.now() - since })
  }
}

async function openOutlet(
  { options, config, isDry }: Run,
  { shutdown, log }: { shutdown: Shutdown; log: Logger },
): Promise<ImportOutlet> {
  const { framing, fromLine } = options
  const rejects =
    options.rejects === undefined
      ? undefined
      : await RejectsFile.open(options.rejects, { append: fromLine > 1 })
  if (rejects !== undefined) shutdown.add('rejects', () => rejects.close())
  const keep: ImportOutlet['keep'] = async (lines) => await rejects?.write(lines)
  if (isDry) return { encode: undefined, send: async () => {}, keep }
  const encode = await openEncoder(framing, config)
  const producer = await TopicProducer.connect(need(config, 'kafkaBrokers'), {
    clientId: 'upi-import',
    topic: config.topic,
    outageMsMax: LOAD_OUTAGE_MS_MAX,
    signal: shutdown.signal,
    log,
  })
  shutdown.add('producer', () => producer.close())
  return { encode, send: (messages) => producer.send(messages), keep }
}

function progressOf(
  sources: readonly Source[],
  tally: ImportTally,
): (index: number, bytesRead: number) => void {
  const progress = new Progress()
  const since = performance.now()
  const sizes = sources.map(({ file }) => file.bytes ?? Number.NaN)
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0)
  return (index, bytesRead) => {
    const before = sizes.slice(0, index).reduce((sum, bytes) => sum + bytes, 0)
    const share = Math.round(((before + bytesRead) / total) * 100)
    const [lines, refused] = [tally.sum('lines'), tally.sum('refused')]
    const rate = Math.round(lines / Math.max(0.001, (performance.now() - since) / 1000))
    const done = Number.isNaN(share) ? '' : ` (${share} %)`
    progress.update(
      `${lines.toLocaleString('en')} lines${done}, ${rate.toLocaleString('en')}/s, ${refused.toLocaleString('en')} refused`,
    )
  }
}

function noteResume(left: readonly Source[], line: number): void {
  const names = left.map(({ file }) => file.name).join(' ')
  note(`stopped; to go on, the same options with: ${names} --from-line ${line}`)
}

function report(
  sources: readonly Source[],
  tally: ImportTally,
  { options, config, isDry, millis }: Run & { millis: number },
): void {
  if (options.json === true) {
    const { files, reasons, nulled } = tally
    const mappings = sources.map(({ file, understanding: { mapping, ignored, notes } }) => ({
      file: file.name,
      mapping,
      ignored,
      notes,
    }))
    const seconds = Number((millis / 1000).toFixed(3))
    printJson({ dry_run: isDry, seconds, files, reasons, nulled, mappings })
    return
  }
  if (tally.files.length === 0) return
  printOutcome(tally, { isDry, config })
  const rate = Math.round(tally.sum('lines') / Math.max(0.001, millis / 1000))
  print(`\n${formatSpan(millis)}, ${rate.toLocaleString('en')} lines/s`)
  if (tally.sum('refused') > 0 && options.rejects === undefined) {
    note('--rejects FILE writes every refused row with its line number')
  }
}
