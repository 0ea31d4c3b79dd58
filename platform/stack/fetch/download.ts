import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { DOWNLOAD_ANSWER_MS_MAX, DOWNLOAD_SILENCE_MS_MAX } from '../../../core/stack-limits.ts'
import type { FetchContext } from './part.ts'

/** Downloads a file; gives up at once when the host does not answer. */
export async function downloadFile(
  url: string,
  path: string,
  context: FetchContext,
): Promise<void> {
  const response = await answer(url, context.signal)
  const total = Number(response.headers.get('content-length') ?? 0)
  const body = Readable.fromWeb(response.body as import('node:stream/web').ReadableStream)
  let bytes = 0
  const silence = setTimeout(() => {
    body.destroy(new Error(`${new URL(url).host} fell silent after ${bytes} bytes`))
  }, DOWNLOAD_SILENCE_MS_MAX)
  body.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    silence.refresh()
    context.progress(`downloads ${megabytes(bytes)} of ${megabytes(total)} MB`)
  })
  try {
    await pipeline(body, createWriteStream(path), { signal: context.signal })
  } finally {
    clearTimeout(silence)
  }
}

/** Downloads a small text. */
export async function downloadText(url: string, signal: AbortSignal): Promise<string> {
  return (await answer(url, signal)).text()
}

async function answer(url: string, signal: AbortSignal): Promise<Response> {
  const patience = new AbortController()
  const timer = setTimeout(() => {
    patience.abort(new Error(`no answer within ${DOWNLOAD_ANSWER_MS_MAX} ms`))
  }, DOWNLOAD_ANSWER_MS_MAX)
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, patience.signal]) })
    if (!response.ok) throw new Error(`answers ${response.status}`)
    return response
  } catch (error) {
    signal.throwIfAborted()
    throw new Error(`${new URL(url).host} ${causeOf(error)}`)
  } finally {
    clearTimeout(timer)
  }
}

function causeOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: NodeJS.ErrnoException }
  return cause?.code ?? message
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6)
}
