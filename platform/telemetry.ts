import { type Logger, pino } from 'pino'
import { LogLevel } from './log-level.ts'

export type { Logger }

/** Fields that may hold a secret or a person's data, wherever a careless log line puts them. */
const REDACTED = [
  'password',
  'payer',
  'payee',
  'payload',
  '*.password',
  '*.payer',
  '*.payee',
  '*.payload',
]

/**
 * The one logger of a process. A line is a constant sentence with fields; children carry the scope. JSON on stderr,
 * or short readable lines when a person watches: stdout belongs to results.
 */
export function createLogger(options: {
  process: string
  level: string
  pretty: boolean
  /** What every line says of where it belongs. */
  fields?: Readonly<Record<string, string>>
}): Logger {
  const level = new LogLevel()
  const settings = {
    level: options.level,
    base: { process: options.process, ...options.fields },
    onChild: (child: Logger) => level.add(child),
    redact: { paths: REDACTED, censor: '[redacted]' },
    serializers: { err: describeFault },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const logger = options.pretty
    ? pino(settings, { write: (line: string) => process.stderr.write(readable(line)) })
    : pino(settings, pino.destination({ fd: 2, sync: true }))
  level.add(logger)
  levels.set(logger, level)
  return logger
}

const levels = new WeakMap<Logger, LogLevel>()

/** The signal that takes a running process to debug, and back. Without a listener it ends a process. */
export const DEBUG_SIGNAL = 'SIGUSR2'

/** Lets the signal take a logger, as createLogger made it, and its children to debug and back. */
export function listenForDebug(log: Logger): void {
  process.on(DEBUG_SIGNAL, () => {
    levels.get(log)?.toggle()
    log.info({ log_level: log.level }, 'log level changed')
  })
}

/**
 * An error as a log may hold it. Postgres names the values that it refuses in `detail` and `where`, and those of class
 * 22 in the message too: they are people's data and stay out. So do logins in addresses.
 */
export function describeFault(fault: unknown): DescribedFault {
  if (!(fault instanceof Error)) return { message: withoutLogins(String(fault)) }
  const { code, severity, table, constraint, cause } = fault as PostgresError
  const isValue = severity !== undefined && String(code).startsWith('22')
  return {
    type: fault.name,
    ...(code === undefined ? {} : { code }),
    message: isValue ? 'a value that Postgres refuses' : withoutLogins(fault.message),
    ...(table === undefined ? {} : { table }),
    ...(constraint === undefined ? {} : { constraint }),
    ...(severity === undefined ? { stack: withoutLogins(fault.stack ?? '') } : {}),
    ...(cause === undefined ? {} : { cause: describeFault(cause) }),
  }
}

interface DescribedFault {
  readonly message: string
  readonly [field: string]: unknown
}

interface PostgresError extends Error {
  readonly code?: string
  readonly severity?: string
  readonly table?: string
  readonly constraint?: string
}

function withoutLogins(text: string): string {
  return text.replaceAll(/:\/\/[^@/\s]*@/g, '://[redacted]@')
}

function readable(line: string): string {
  const { level, time, process: _, msg, err, ...fields } = JSON.parse(line)
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  const cause = err === undefined ? [] : [`cause="${err.message}"`]
  const parts = [String(time).slice(11, 19), String(level).padEnd(5), msg, ...shown, ...cause]
  return `${parts.join(' ')}\n`
}
