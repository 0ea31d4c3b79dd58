import type { Command } from 'commander'
import { doctorFindings } from '../../platform/stack/index.ts'
import { newCommand } from '../command.ts'
import { note, printJson, printTable } from '../output.ts'
import { plannedOptions } from '../stack.ts'

/** `./upi doctor` */
export function doctorCommand(): Command {
  return newCommand(
    'doctor',
    'Say what is missing on this machine to run the platform, and the fix.',
  )
    .option('--json', 'print for machines')
    .action(async (options: { json?: boolean }) => {
      const findings = await doctorFindings(plannedOptions())
      const bad = findings.filter((finding) => !finding.ok)
      if (options.json === true) printJson(findings)
      else {
        printTable(findings, [
          {
            title: '',
            value: (finding) => (finding.ok ? 'ok' : 'missing'),
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
