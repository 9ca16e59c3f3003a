import { connect } from 'node:net'

/** Longest wait for a broker on this machine to answer, ms. */
const PING_TIMEOUT_MS = 1_000

/** Two requests of Kafka's protocol, each in its first version. */
const METADATA = 3
const FIND_COORDINATOR = 10
/** Length and number of the request, four bytes each, before what is answered. */
const HEAD = 8

/**
 * Whether the broker at this port answers, is let to work (one whose old session has not ended is not yet), and takes
 * consumer groups: asking for a group's coordinator makes the topic of offsets, without which the first group of a new
 * Kafka is sent away.
 */
export function ping(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    let received = Buffer.alloc(0)
    const end = (reachable: boolean): void => {
      socket.destroy()
      resolve(reachable)
    }
    socket.setTimeout(PING_TIMEOUT_MS, () => end(false))
    socket.on('error', () => end(false))
    socket.on('close', () => end(false))
    // No topics named; the coordinator of a group of one letter.
    socket.write(Buffer.concat([request(METADATA, [0, 0, 0, 0]), request(FIND_COORDINATOR, [0, 1, 0x70])]))
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      const [metadata, coordinator] = answers(received)
      // The first begins with the count of brokers that are at work, the second with an error code.
      if (metadata !== undefined && metadata.readInt32BE(0) === 0) end(false)
      else if (coordinator !== undefined) end(coordinator.readInt16BE(0) === 0)
    })
  })
}

function request(kind: number, body: readonly number[]): Buffer {
  const head = Buffer.alloc(14)
  head.writeInt32BE(head.length - 4 + body.length, 0)
  head.writeInt16BE(kind, 4)
  head.writeInt16BE(0, 6) // version
  head.writeInt32BE(1, 8) // number of the request: answers come in order
  head.writeInt16BE(-1, 12) // no name of the client
  return Buffer.concat([head, Buffer.from(body)])
}

/** Those that are there whole. */
function answers(received: Buffer): Buffer[] {
  const whole: Buffer[] = []
  for (let at = 0; at + HEAD <= received.length; ) {
    const next = at + 4 + received.readInt32BE(at)
    if (next > received.length) break
    whole.push(received.subarray(at + HEAD, next))
    at = next
  }
  return whole
}
