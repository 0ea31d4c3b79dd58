import { expect, test } from 'vitest'
import { serverProperties } from './kafka.ts'

test('the broker listens on loopback at its ports and keeps its log where it is told', () => {
  const lines = serverProperties(28_000, '/tmp/home of mine/kafka').split('\n')
  expect(lines).toContain('listeners=PLAINTEXT://127.0.0.1:28001,CONTROLLER://127.0.0.1:28002')
  expect(lines).toContain('controller.quorum.bootstrap.servers=127.0.0.1:28002')
  expect(lines).toContain('log.dirs=/tmp/home of mine/kafka')
  expect(lines).toContain('auto.create.topics.enable=false')
  expect(lines).toContain('group.min.session.timeout.ms=1000')
})
