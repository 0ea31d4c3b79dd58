import type { Command } from 'commander'
import { loadConfig } from '../../platform/config.ts'
import { doctorFindings } from '../../platform/stack/index.ts'
import { newCommand } from '../command.ts'
import { platformFindings } from '../doctor/platform-findings.ts'
import { note, printJson, printTable } from '../output.ts'
import { plannedOptions } from '../stack.ts'

/** `./upi doctor` */
export function doctorCommand(): Command {
  return newCommand(
    'doctor',
    'Find what is wrong with this machine or with the platform that runs, and name the fix. Changes nothing.',
  )
    .option('--json', 'print for machines')
    .action(async (options: { json?: boolean }) => {
      const planned = plannedOptions()
      const [machine, platform] = await Promise.all([
        doctorFindings(planned),
        platformFindings(loadConfig(), planned),
      ])
      const findings = [...machine, ...platform]
      const bad = findings.filter((finding) => !finding.ok)
      if (options.json === true) printJson(findings)
      else {
        printTable(findings, [
          {
            title: '',
            value: (finding) => (finding.ok ? 'ok' : 'mend'),
            style: (finding) => (finding.ok ? 'green' : 'red'),
          },
          { title: 'what', value: (finding) => finding.name },
          { title: 'found', value: (finding) => finding.text },
          { title: 'fix', value: (finding) => finding.fix },
        ])
        note(bad.length === 0 ? '\nall is well' : `\n${bad.length} to mend`)
      }
      if (bad.length > 0) process.exitCode = 1
    })
}
