import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { ClosingLine } from './test/reporter.ts'

const OUTSIDE = ['node_modules/**', '.upi/**', '.upi-*/**']
const NEEDS_NO_SERVER = [
  'test/tidy.test.ts',
  'test/alerts.test.ts',
  'test/compose.test.ts',
  'test/compose-watchers.test.ts',
  'test/reporter.test.ts',
  'test/runbooks.test.ts',
  'test/chaos/*.test.ts',
]

// A test's place says its price: beside its file it is pure, in test/ it needs servers or looks at the repository.
export default defineConfig({
  test: {
    reporters: [['default', { summary: false }], new ClosingLine()],
    // Much of a test is waiting: one more than processors ends in three quarters of the time (measured on 2).
    maxWorkers: Math.min(4, availableParallelism() + 1),
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...OUTSIDE, 'test/**'],
          // Threads that keep their modules: twice as quick as a process a file (measured: 8 s against 17 s).
          pool: 'threads',
          isolate: false,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'repository',
          include: NEEDS_NO_SERVER,
          pool: 'threads',
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.test.ts'],
          exclude: [...OUTSIDE, ...NEEDS_NO_SERVER],
          globalSetup: './test/global-setup.ts',
          setupFiles: './test/require-stack.ts',
          // A process a file: what it leaves open can be seen, and ends with it.
          pool: 'forks',
          // kafkajs computes timeouts that have passed already.
          execArgv: ['--disable-warning=TimeoutNegativeWarning'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
