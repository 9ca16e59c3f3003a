import { expect, test } from 'vitest'
import { createLog, type LogOptions } from './log.ts'
import { redact } from './redact.ts'

function capture(level: LogOptions['level'] = 'info') {
  const lines: string[] = []
  const log = createLog({ level, name: 'test', to: { write: (line: string) => lines.push(line) } })
  return { log, lines, last: () => JSON.parse(lines.at(-1)!) as Record<string, unknown> }
}

test('a line is JSON with level, time, name and message', () => {
  const { log, last } = capture()
  log.info({ orders: 3 }, 'batch done')
  expect(last()).toMatchObject({ level: 'info', name: 'test', orders: 3, msg: 'batch done' })
  expect(new Date(last().time as string).getTime()).not.toBeNaN()
})

test('lines below the level are not written', () => {
  const { log, lines } = capture('warn')
  log.info('quiet')
  log.warn('loud')
  expect(lines).toHaveLength(1)
})

test('secrets are hidden wherever they stand', () => {
  const { log, lines } = capture()
  const request = {
    url: '/v1/orders/7?token=hunter2&page=1',
    headers: {
      Authorization: 'Bearer hunter2',
      cookie: 'sid=hunter2',
      'set-cookie': ['sid=hunter2'],
      'x-api-key': 'hunter2',
    },
  }
  log.info({ password: 'hunter2', deep: [{ newPassword: 'hunter2' }], request })
  log.info({ ledgerUrl: 'mysql://levee:hunter2@127.0.0.1:3306/levee' })
  log.child({ accessToken: 'hunter2' }).info('child')
  log.error(Object.assign(new Error('no'), { config: { headers: { authorization: 'hunter2' } } }))
  expect(lines).toHaveLength(4)
  for (const line of lines) expect(line).not.toContain('hunter2')
  expect(lines[0]).toContain('page=1')
  expect(lines[1]).toContain('levee:[redacted]@127.0.0.1')
})

test('an error keeps its message, stack and cause', () => {
  const { log, last } = capture()
  log.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed')
  expect(last().err).toMatchObject({ type: 'Error', message: expect.stringContaining('outer') })
  expect(JSON.stringify(last().err)).toContain('inner')
  expect(JSON.stringify(last().err)).toContain('log.test.ts')
})

test('a statement that failed is not repeated: it holds the values of customers', () => {
  const { log, lines } = capture()
  const error = Object.assign(new Error('Duplicate entry'), {
    errno: 1062,
    sql: "INSERT INTO t VALUES ('kim@example.org')",
  })
  log.warn({ err: error }, 'failed')
  log.error(error)
  for (const line of lines) expect(line).not.toContain('kim@')
  expect(lines[0]).toContain('1062')
})

test('what holds no secret is not copied', () => {
  const fields = { order: { lines: [1, 2], at: new Date(0) } }
  expect(redact(fields)).toBe(fields)
})

test('a circle ends', () => {
  const circle: Record<string, unknown> = {}
  circle.self = circle
  expect(() => JSON.stringify(redact(circle))).not.toThrow()
})
