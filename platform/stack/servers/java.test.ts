import { expect, test } from 'vitest'
import { javaMajor } from './java.ts'

test.each([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['java version "1.8.0_401"', 8],
  ['openjdk version "26" 2026-03-17', 26],
  ['command not found', undefined],
])('%s is Java %s', (text, major) => {
  expect(javaMajor(text)).toBe(major)
})
