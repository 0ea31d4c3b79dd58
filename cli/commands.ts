import type { Command } from 'commander'

interface Entry {
  readonly name: string
  readonly summary: string
  /** A command's file is read when it is called, so that `--help` and small commands start at once. */
  readonly load: () => Promise<Command>
}

/** The commands, in the order of `./upi --help`. */
export const COMMANDS: readonly { group: string; entries: readonly Entry[] }[] = [
  {
    group: 'The platform',
    entries: [
      {
        name: 'up',
        summary: 'start the whole platform, live traffic flowing',
        load: async () => (await import('./commands/up.ts')).upCommand(),
      },
      {
        name: 'down',
        summary: 'stop it; returns when the last process is gone',
        load: async () => (await import('./commands/down.ts')).downCommand(),
      },
      {
        name: 'status',
        summary: 'health, lag and freshness; exit 0 only when ready',
        load: async () => (await import('./commands/status.ts')).statusCommand(),
      },
      {
        name: 'env',
        summary: "the addresses of all parts, as KEY='value' lines",
        load: async () => (await import('./commands/env.ts')).envCommand(),
      },
      {
        name: 'logs',
        summary: 'the logs of the parts',
        load: async () => (await import('./commands/logs.ts')).logsCommand(),
      },
      {
        name: 'doctor',
        summary: 'what is wrong with this machine or the platform, and the fix',
        load: async () => (await import('./commands/doctor.ts')).doctorCommand(),
      },
    ],
  },
  {
    group: 'Setting up',
    entries: [
      {
        name: 'migrate',
        summary: 'bring the database to this version',
        load: async () => (await import('./commands/migrate.ts')).migrateCommand(),
      },
      {
        name: 'topics',
        summary: 'create the topics, or report how they differ',
        load: async () => (await import('./commands/topics.ts')).topicsCommand(),
      },
      {
        name: 'schema',
        summary: 'register the message schema, or check that it may change',
        load: async () => (await import('./commands/schema.ts')).schemaCommand(),
      },
      {
        name: 'schedules',
        summary: 'what runs when on Temporal',
        load: async () => (await import('./commands/schedules.ts')).schedulesCommand(),
      },
    ],
  },
  {
    group: 'Processes',
    entries: [
      {
        name: 'stream',
        summary: 'read payments from Kafka into Postgres, until stopped',
        load: async () => (await import('./commands/stream.ts')).streamCommand(),
      },
      {
        name: 'worker',
        summary: 'run the workflows and their activities, until stopped',
        load: async () => (await import('./commands/worker.ts')).workerCommand(),
      },
    ],
  },
  {
    group: 'Work',
    entries: [
      {
        name: 'generate',
        summary: 'produce calibrated UPI traffic',
        load: async () => (await import('./commands/generate.ts')).generateCommand(),
      },
      {
        name: 'import',
        summary: "send CSV or JSON lines of anyone's column names to the topic",
        load: async () => (await import('./commands/import.ts')).importCommand(),
      },
      {
        name: 'rejected',
        summary: 'the dead letters: list, show, replay, discard',
        load: async () => (await import('./commands/rejected.ts')).rejectedCommand(),
      },
      {
        name: 'rebuild',
        summary: 'make clean what raw says, then the marts; print what changed and why',
        load: async () => (await import('./commands/rebuild.ts')).rebuildCommand(),
      },
      {
        name: 'offsets',
        summary: 'where the stream stands, and how to move it',
        load: async () => (await import('./commands/offsets.ts')).offsetsCommand(),
      },
      {
        name: 'models',
        summary: 'the SQL models: list, graph, plan, run, test, docs',
        load: async () => (await import('./commands/models.ts')).modelsCommand(),
      },
      {
        name: 'aggregate',
        summary: 'build and show one business day',
        load: async () => (await import('./commands/aggregate.ts')).aggregateCommand(),
      },
      {
        name: 'backfill',
        summary: 'build and close the days of a range that need it',
        load: async () => (await import('./commands/backfill.ts')).backfillCommand(),
      },
      {
        name: 'backup',
        summary: 'base backups of Postgres: run, list, verify, restore',
        load: async () => (await import('./commands/backup.ts')).backupCommand(),
      },
      {
        name: 'reconcile',
        summary: 'prove the books: raw, clean, live figures and marts agree',
        load: async () => (await import('./commands/reconcile.ts')).reconcileCommand(),
      },
      {
        name: 'chaos',
        summary: 'break a stack of its own while traffic flows, then check the books',
        load: async () => (await import('./commands/chaos.ts')).chaosCommand(),
      },
      {
        name: 'test',
        summary: 'run the tests',
        load: async () => (await import('./commands/test.ts')).testCommand(),
      },
      {
        name: 'bench',
        summary: 'measure the platform beside the floor of this machine',
        load: async () => (await import('./commands/bench.ts')).benchCommand(),
      },
    ],
  },
]
