import { connect } from 'node:net'

/** Longest wait for a broker on this machine to answer, ms. */
const PING_TIMEOUT_MS = 1_000

/** Kafka's protocol: `Metadata` in its first version, whose answer begins with the brokers that are at work. */
const METADATA = 3
const ANSWER_BEGINS = 12

/** Whether the broker at this port answers and is let to work: one whose old session has not ended is not yet. */
export function ping(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    let answer = Buffer.alloc(0)
    const end = (reachable: boolean): void => {
      socket.destroy()
      resolve(reachable)
    }
    socket.setTimeout(PING_TIMEOUT_MS, () => end(false))
    socket.on('error', () => end(false))
    socket.on('close', () => end(false))
    socket.write(request())
    socket.on('data', chunk => {
      answer = Buffer.concat([answer, chunk])
      // Length, number of the request, count of brokers: four bytes each.
      if (answer.length >= ANSWER_BEGINS) end(answer.readInt32BE(8) > 0)
    })
  })
}

function request(): Buffer {
  const buffer = Buffer.alloc(18)
  buffer.writeInt32BE(buffer.length - 4, 0)
  buffer.writeInt16BE(METADATA, 4)
  buffer.writeInt16BE(0, 6) // version
  buffer.writeInt32BE(1, 8) // number of the request
  buffer.writeInt16BE(-1, 12) // no name of the client
  buffer.writeInt32BE(0, 14) // no topics named
  return buffer
}
