import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Puts a program `grafana` into a folder, laid out like the official archive. It notes how it was started, and answers
 * on its port; that is all that our side of the wiring needs. Gives the folder for PATH.
 */
export function placeGrafana(folder: string, version: string): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  mkdirSync(join(folder, 'conf'))
  writeFileSync(join(folder, 'conf', 'defaults.ini'), '')
  const program = join(bin, 'grafana')
  writeFileSync(program, `#!${process.execPath}\n${scriptOf(version)}`)
  chmodSync(program, 0o755)
  return bin
}

/** What the program has noted of its start. */
export interface GrafanaStart {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

function scriptOf(version: string): string {
  return `
const { createServer } = require('node:http')
const { writeFileSync } = require('node:fs')
const { argv, env } = require('node:process')
const args = argv.slice(2)
if (args[0] === '--version') console.log('grafana version ${version}')
else {
  writeFileSync('started.json', JSON.stringify({ args, env }))
  const { GF_SERVER_HTTP_ADDR: host, GF_SERVER_HTTP_PORT: port } = env
  createServer(({ url }, answer) => {
    answer.writeHead(url === '/api/health' ? 200 : 404).end('{"database":"ok"}')
  }).listen(Number(port), host)
}
`
}
