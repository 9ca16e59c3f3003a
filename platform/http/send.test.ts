import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSender, type Sender } from './send.ts'

/** Answers the first request of a connection and breaks the connection at the second: it was just being closed. */
let server: Server
let sender: Sender
let requests = 0
beforeEach(async () => {
  requests = 0
  const used = new WeakSet<object>()
  server = createServer((request, response) => {
    requests++
    if (used.has(request.socket)) request.socket.destroy()
    else response.end('yes')
    used.add(request.socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  sender = createSender(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), 1)
})
afterEach(() => {
  sender.close()
  server.closeAllConnections()
  server.close()
})
const send = (method: string) =>
  sender.send({ method, path: '/', headers: {}, body: undefined, timeout: 5_000 })

test('a read on a kept connection that the server was closing is sent again on another one', async () => {
  await send('GET')
  expect(await send('GET')).toMatchObject({ status: 200, text: 'yes' })
  expect(requests).toBe(3)
})

test('anything else is not: it may have been done', async () => {
  await send('GET')
  await expect(send('POST')).rejects.toMatchObject({ trouble: 'connection' })
  expect(requests).toBe(2)
})

test('what was given up is not sent again', async () => {
  const asked: string[] = []
  // The first and the last are answered: the second goes over a connection that was used before.
  const silent = createServer((request, response) => {
    asked.push(request.url!)
    if (request.url !== '/second') response.end('yes')
  })
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  const own = createSender(new URL(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`), 1)
  const ask = (path: string, timeout: number) =>
    own.send({ method: 'GET', path, headers: {}, body: undefined, timeout })
  await ask('/first', 5_000)
  await expect(ask('/second', 50)).rejects.toMatchObject({ trouble: 'timeout' })
  await ask('/third', 5_000)
  await ask('/fourth', 5_000)
  expect(asked).toEqual(['/first', '/second', '/third', '/fourth'])
  own.close()
  silent.closeAllConnections()
  silent.close()
})
