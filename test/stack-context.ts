import 'vitest'

/** The servers that all test files of a run share; `inject('stack')` gives them. */
export interface SharedStack {
  /** As the superuser: test files make databases of their own. */
  readonly databaseUrl: string
  /** As host:port, comma-separated. */
  readonly kafkaBrokers: string
  readonly registryUrl: string
  readonly temporalAddress: string
  readonly temporalNamespace: string
}

/** What the harness needs besides: made once a run. */
export interface TestRun {
  /** Part of the names of all that the run makes. */
  readonly id: string
  /** A migrated, empty database; a file's own is a copy of it. */
  readonly template: string
  /** Passwords of the roles upi_ingest, upi_transform, … */
  readonly rolePasswords: Readonly<Record<string, string>>
}

declare module 'vitest' {
  interface ProvidedContext {
    stack: SharedStack
    testRun: TestRun
    /** Why there is no stack; every file that needs one fails with it. */
    stackFault: string | undefined
  }
}
