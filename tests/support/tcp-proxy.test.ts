import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { TcpProxy } from './tcp-proxy.ts'

it('lets nothing overtake what is late', async () => {
  const server = createServer(socket => socket.pipe(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await TcpProxy.open((server.address() as AddressInfo).port)
  const client = connect(proxy.port, '127.0.0.1')
  let heard = ''
  client.on('data', piece => (heard += piece))
  const say = (text: string) => new Promise<void>(resolve => client.write(text, () => resolve()))
  await say('0')
  await expect.poll(() => heard).toBe('0')
  await proxy.set(300)
  await say('1')
  await proxy.set('through')
  await say('2')
  await expect.poll(() => heard).toBe('012')
  client.destroy()
  await proxy.close()
  server.close()
})
