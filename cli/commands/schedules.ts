import { type Client, type ScheduleHandle, ScheduleNotFoundError } from '@temporalio/client'
import type { Command } from 'commander'
import { UpiError } from '../../core/errors.ts'
import type { Schedule } from '../../core/schedule.ts'
import { loadConfig, type Needed } from '../../platform/config.ts'
import {
  applySchedule,
  readSchedule,
  removeStale,
  type ScheduleStatus,
} from '../../platform/temporal-schedules.ts'
import { SCHEDULES } from '../../workflows/schedules.ts'
import { recordByHand } from '../by-hand.ts'
import { newCommand, subCommand } from '../command.ts'
import { inIndia, note, print, printJson, printTable } from '../output.ts'
import { withTemporal } from '../with-temporal.ts'

/** `./upi schedules` */
export function schedulesCommand(): Command {
  const command = newCommand(
    'schedules',
    'What runs when on Temporal: apply, list, pause, resume, trigger.',
  )
  command.addHelpText('after', HELP)
  subCommand(
    command,
    'apply',
    'Create, update or remove schedules as this version lists them; what is paused stays paused.',
  ).action(apply)
  subCommand(command, 'list', 'Show the schedules with their next and last runs.')
    .option('--json', 'print for machines')
    .action(list)
  subCommand(command, 'pause', 'Let a schedule start nothing until it is resumed.')
    .argument('<id>', 'the schedule, as list names it')
    .option('--reason <text>', 'why, for whoever looks later', 'paused by hand')
    .action(pause)
  subCommand(command, 'resume', 'Let a paused schedule go on.')
    .argument('<id>', 'the schedule, as list names it')
    .action(resume)
  subCommand(command, 'trigger', 'Run a schedule now, for the day that ended.')
    .argument('<id>', 'the schedule, as list names it')
    .action(trigger)
  return command
}

const HELP = `
In the Temporal UI they are paused, resumed and triggered as well; apply keeps a pause, and takes back what else was changed.
What they start can be started there too: refreshDirty on task queue upi, id refresh-dirty; enforceRetention on task queue
upi-heavy, id enforce-retention/<date>, input {"date": "2026-02-01"} or none; for the others see their commands.`

async function apply(): Promise<void> {
  await withSchedules(async (client, config) => {
    for (const schedule of SCHEDULES) {
      const outcome = await applySchedule(client, schedule, config.temporalTaskQueue)
      note(`${schedule.id} ${outcome}`)
    }
    for (const id of await removeStale(client, SCHEDULES, config.temporalTaskQueue)) {
      note(`${id} removed: it is not of the list any more`)
    }
  })
}

async function list(options: { json?: boolean }): Promise<void> {
  await withSchedules(async (client) => {
    const statuses = await Promise.all(SCHEDULES.map((each) => readSchedule(client, each)))
    if (options.json === true) printJson(statuses.map(forMachines))
    else printList(statuses)
  })
}

async function pause(id: string, { reason }: { reason: string }): Promise<void> {
  await byHand('pause', id, (handle) => handle.pause(reason))
  note(`${id} paused; ./upi schedules resume ${id} lets it go on`)
}

async function resume(id: string): Promise<void> {
  const { about } = scheduleOf(id)
  await byHand('resume', id, (handle) => handle.unpause(about))
  note(`${id} resumed`)
}

async function trigger(id: string): Promise<void> {
  const { overlap } = scheduleOf(id)
  await byHand('trigger', id, (handle) => handle.trigger(overlap))
  note(`${id} triggered; ./upi schedules list shows how it ends`)
}

/** Writes down who does something to a schedule, and does it. */
async function byHand(
  action: string,
  id: string,
  act: (handle: ScheduleHandle) => Promise<void>,
): Promise<void> {
  scheduleOf(id)
  await withSchedules(async (client, config) => {
    const handle = client.schedule.getHandle(id)
    await handle.describe()
    await recordByHand(config, `schedule ${action}`, id)
    await act(handle)
  })
}

async function withSchedules(
  work: (client: Client, config: Needed<'temporalAddress'>) => Promise<void>,
): Promise<void> {
  try {
    await withTemporal(loadConfig(), work)
  } catch (fault) {
    if (!(fault instanceof ScheduleNotFoundError)) throw fault
    throw new UpiError('NOT_READY', `schedule ${fault.scheduleId} is not on Temporal yet`, {
      fix: 'run ./upi schedules apply',
    })
  }
}

function scheduleOf(id: string): Schedule {
  const found = SCHEDULES.find((each) => each.id === id)
  if (found !== undefined) return found
  throw new UpiError('OPTION_INVALID', `there is no schedule '${id}'`, {
    fix: `choose from ${SCHEDULES.map((each) => each.id).join(', ')}`,
  })
}

function printList(statuses: readonly ScheduleStatus[]): void {
  printTable(statuses, [
    { title: 'schedule', value: ({ id }) => id },
    { title: 'state', value: ({ state }) => state },
    { title: 'next', value: ({ next: [first] }) => (first === undefined ? '' : inIndia(first)) },
    { title: 'last', value: ({ last }) => lastOf(last.at(-1)) },
    { title: 'missed', value: ({ missed }) => missed, align: 'right' },
    { title: 'note', value: ({ note: words }) => words },
  ])
  if (statuses.some(({ state }) => state === 'missing'))
    print('\n./upi schedules apply makes what is missing.')
}

function lastOf(run: ScheduleStatus['last'][number] | undefined): string {
  return run === undefined ? 'never' : `${inIndia(run.dueAt)} ${run.outcome}`
}

function forMachines({ next, last, ...rest }: ScheduleStatus) {
  return {
    ...rest,
    next: next.map((at) => at.toISOString()),
    last: last.map(({ dueAt, outcome }) => ({ due_at: dueAt.toISOString(), outcome })),
  }
}
