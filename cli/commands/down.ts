import type { Command } from 'commander'
import { loadHome } from '../../platform/config.ts'
import { stopStack, wipe } from '../../platform/stack/index.ts'
import { newCommand } from '../command.ts'
import { note } from '../output.ts'

/** `./upi down` */
export function downCommand(): Command {
  return newCommand('down', 'Stop the platform in order; returns when the last process is gone.')
    .option('--wipe', 'then delete its data and logs: payments, workflows, topics')
    .action(async (options: { wipe?: boolean }) => {
      const home = loadHome()
      const ran = await stopStack(home)
      note(ran ? 'stopped' : 'nothing was running')
      if (options.wipe !== true) return
      await wipe(home)
      note(`wiped ${home}`)
    })
}
