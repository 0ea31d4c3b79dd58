import { writeFile } from 'node:fs/promises'
import { bundleWorkflowCode, type Logger } from '@temporalio/worker'

/**
 * A short-lived process: `node bundle-workflows.ts ENTRY TARGET`. Bundles the workflows for Temporal's sandbox.
 * The sources inside the source map go: stack traces name file and line without them, and each worker would keep
 * 14 MB more.
 */
const [entry, target] = process.argv.slice(2) as [string, string]
const logger = quiet()
const { code } = await bundleWorkflowCode({ workflowsPath: entry, logger })
await writeFile(target, withoutSources(code))

function withoutSources(bundle: string): string {
  const marker = /\/\/# sourceMappingURL=data:application\/json;(?:charset=utf-8;)?base64,(\S+)\s*$/
  return bundle.replace(marker, (whole, encoded: string) => {
    const map = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'))
    const slim = JSON.stringify({ ...map, sourcesContent: undefined })
    return whole.replace(encoded, Buffer.from(slim).toString('base64'))
  })
}

// Errors are thrown as well; what webpack says besides is of no use to whoever starts a worker.
function quiet(): Logger {
  const ignore = () => {}
  return { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore }
}
