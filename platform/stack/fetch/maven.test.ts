import { expect, test } from 'vitest'
import { renderPom } from './maven.ts'

test('the project names what is copied with its dependencies, and nothing that is copied alone', () => {
  const pom = renderPom([
    { group: 'org.apache.kafka', name: 'kafka_2.13', version: '4.3.1' },
    { group: 'io.apicurio', name: 'apicurio-registry-app', version: '3.0.9', alone: true },
  ])
  expect(pom).toContain('<artifactId>kafka_2.13</artifactId>')
  expect(pom).not.toContain('apicurio')
})
