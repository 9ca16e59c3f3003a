import { expect, test } from 'vitest'
import { javaOptions, pom, serverProperties } from './options.ts'

const lines = (options = {}): string[] =>
  serverProperties('/f/data', 9099, 9098, options).trimEnd().split('\n')

test('clients find it on this machine only, at the port it was given', () => {
  expect(lines()).toContain('listeners=PLAINTEXT://127.0.0.1:9099,CONTROLLER://127.0.0.1:9098')
  expect(lines()).toContain('advertised.listeners=PLAINTEXT://127.0.0.1:9099')
  expect(lines()).toContain('controller.quorum.voters=1@127.0.0.1:9098')
})

test('every topic of its own has one replica: there is one node', () => {
  for (const line of lines().filter(each => /replication\.factor|min\.isr/.test(each)))
    expect(line).toMatch(/=1$/)
  expect(lines().filter(line => line.includes('replication.factor'))).toHaveLength(3)
})

test('topics are made by who owns them, never by a misspelt name', () => {
  expect(lines()).toContain('auto.create.topics.enable=false')
})

test('what is added wins by standing last', () => {
  expect(lines({ extra: ['message.max.bytes=2000'] }).at(-1)).toBe('message.max.bytes=2000')
})

test('the JVM writes into the folder only, and is compiled quickly where that is asked', () => {
  const options = javaOptions('/libs', '/f', { heap: 300 })
  expect(options).toContain('-Xmx300m')
  expect(options).toContain('-Djava.io.tmpdir=/f/tmp')
  expect(options.slice(-2)).toEqual(['-cp', '/libs/*'])
  expect(options).not.toContain('-XX:TieredStopAtLevel=1')
  expect(javaOptions('/libs', '/f', { quick: true })).toContain('-XX:TieredStopAtLevel=1')
})

test('Maven is asked for exact versions', () => {
  expect(pom().match(/<version>[\d.]+<\/version>/g)).toHaveLength(3)
})
