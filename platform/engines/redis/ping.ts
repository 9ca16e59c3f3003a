import { connect } from 'node:net'

/** Longest wait for a server on this machine to answer, ms. */
const PING_TIMEOUT_MS = 1_000

/** Whether the Redis at this port takes the password, has loaded its data and answers. */
export function ping(port: number, password: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    const end = (reachable: boolean): void => {
      socket.destroy()
      resolve(reachable)
    }
    socket.setTimeout(PING_TIMEOUT_MS, () => end(false))
    socket.on('error', () => end(false))
    socket.on('close', () => end(false))
    socket.write(`AUTH ${password}\r\nPING\r\n`)
    socket.on('data', chunk => {
      answer += chunk
      if (answer.includes('-')) end(false)
      else if (answer.includes('+PONG')) end(true)
    })
  })
}
