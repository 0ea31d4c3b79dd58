import { STATUS_ANSWER_MS_MAX } from '../core/limits.ts'

/** What the stream's process says of itself. */
export interface StreamProcess {
  /** Why it does not read all that is its own; null when it does. */
  readonly unready: string | null
  /** Attempts that were repeated since its start. */
  readonly retries: number
  /** Whom it waits for now. */
  readonly awaited: readonly string[]
  readonly partitions: number
}

/** Asks /readyz and /metrics of a stream, by its host and port. */
export async function readStreamProcess(address: string): Promise<StreamProcess> {
  const [unready, metrics] = await Promise.all([readUnready(address), readText(address, 'metrics')])
  const samples = parseSamples(metrics.text)
  const of = (name: string) => samples.filter((each) => each.name === name)
  const sum = (name: string) => of(name).reduce((total, { value }) => total + value, 0)
  return {
    unready,
    retries: sum('upi_stream_retries_total'),
    awaited: of('upi_stream_awaited')
      .filter(({ value }) => value === 1)
      .map(({ labels }) => /"(.*)"/.exec(labels)?.[1] ?? ''),
    partitions:
      of('upi_stream_partitions').find(({ labels }) => labels.includes('"reading"'))?.value ?? 0,
  }
}

/** Why a process of the platform is not ready, in its own words; null when it is. */
export async function readUnready(address: string): Promise<string | null> {
  const { status, text } = await readText(address, 'readyz')
  return status === 200 ? null : text.trim()
}

async function readText(address: string, path: string): Promise<{ status: number; text: string }> {
  try {
    const signal = AbortSignal.timeout(STATUS_ANSWER_MS_MAX)
    const response = await fetch(`http://${address}/${path}`, { signal })
    return { status: response.status, text: await response.text() }
  } catch (fault) {
    // fetch says no more than "fetch failed"; what happened is its cause.
    const { cause, message } = fault as Error
    const reason = (cause as { code?: string } | undefined)?.code ?? message
    throw new Error(`${address} does not answer (${reason})`)
  }
}

function parseSamples(text: string): { name: string; labels: string; value: number }[] {
  return [...text.matchAll(/^([a-z_]+)(\{[^}]*\})? (\S+)$/gm)].map(
    ([, name = '', labels = '', value]) => ({ name, labels, value: Number(value) }),
  )
}
