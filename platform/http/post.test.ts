import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PostFailed, post } from './post.ts'

let server: Server
let answer: (request: IncomingMessage, response: ServerResponse) => void
let url: URL
beforeEach(async () => {
  server = createServer((request, response) => answer(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-place?key=hidden`)
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const ask = (more: Partial<Parameters<typeof post>[0]> = {}) =>
  post({
    url,
    headers: { 'x-a': '1' },
    body: '한글',
    most: 5_000,
    signal: new AbortController().signal,
    ...more,
  })
const failure = async (asked: Promise<unknown>): Promise<PostFailed> => {
  const error: unknown = await asked.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(PostFailed)
  const failed = error as PostFailed
  expect(failed.message).not.toMatch(/secret-place|hidden/)
  return failed
}

test('takes the body there and the answer back', async () => {
  answer = (request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => response.writeHead(202, { 'x-b': '2' }).end(`${request.headers['x-a']} ${body}`))
  }
  const { status, headers, text } = await ask()
  expect([status, headers['x-b'], text]).toEqual([202, '2', '1 한글'])
})

test('follows no redirect, and keeps the beginning of an answer without end', async () => {
  answer = (_, response) => response.writeHead(302, { location: '/elsewhere' }).end()
  expect((await ask()).status).toBe(302)
  answer = (_, response) => {
    response.writeHead(500)
    response.write('x'.repeat(1_000_000))
  }
  const { status, text } = await ask()
  expect([status, text.length]).toEqual([500, 16_384])
})

test('nobody listens: nothing arrived', async () => {
  const closed = url
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
  const { mayHaveArrived, message } = await failure(ask({ url: closed }))
  expect([mayHaveArrived, message]).toEqual([false, `${closed.host}: ECONNREFUSED`])
})

test('silence, a broken connection and giving up: it may have arrived', async () => {
  answer = () => {}
  expect(await failure(ask({ most: 50 }))).toMatchObject({
    mayHaveArrived: true,
    message: `${url.host}: no answer within 50 ms`,
  })
  answer = (request, response) => request.on('end', () => response.destroy()).resume()
  expect(await failure(ask())).toMatchObject({ mayHaveArrived: true })
  const control = new AbortController()
  answer = () => control.abort()
  expect(await failure(ask({ signal: control.signal }))).toMatchObject({
    message: `${url.host}: was given up`,
  })
  expect(await failure(ask({ signal: control.signal }))).toMatchObject({ mayHaveArrived: false })
})

test('an answer that stops in the middle is given up in time', async () => {
  answer = (_, response) => {
    response.writeHead(200, { 'content-length': '10' })
    response.write('half')
  }
  expect(await failure(ask({ most: 100 }))).toMatchObject({ mayHaveArrived: true })
})
