import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node'

/** Says how many tests passed and failed, as the last line of the whole run. */
export class ClosingLine implements Reporter {
  #counts: Counts = { passed: 0, failed: 1 }

  onInit(): void {
    // At the very end of the process: stopping the servers has its own last words.
    process.once('exit', () => process.stdout.write(`${closingText(this.#counts)}\n`))
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly unknown[],
    reason: TestRunEndReason,
  ): void {
    const counts = countTests(modules)
    const failed = counts.failed + errors.length
    this.#counts = { ...counts, failed: reason === 'passed' ? failed : Math.max(1, failed) }
  }
}

interface Counts {
  readonly passed: number
  readonly failed: number
}

/** The closing line's text. */
export function closingText({ passed, failed }: Counts): string {
  return `${passed} passed, ${failed} failed`
}

/** Counts tests; a file that does not load or whose hooks fail is one more failure. Skipped tests are neither. */
export function countTests(modules: readonly TestModule[]): Counts {
  let passed = 0
  let failed = 0
  for (const module of modules) {
    failed += brokenSuites(module)
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') passed += 1
      if (state === 'failed') failed += 1
    }
  }
  return { passed, failed }
}

function brokenSuites(module: TestModule): number {
  const suites = [...module.children.allSuites()]
  return [module, ...suites].filter((suite) => suite.errors().length > 0).length
}
