// One client that asks, waits for the answer, and asks again: what a single buyer feels.

import { Agent, request } from 'node:http'

export class LoneClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 })
  private readonly url: string
  private readonly prefix: string
  private counter = 0

  /** `prefix` makes its idempotency keys its own. */
  constructor(url: string, prefix: string) {
    this.url = url
    this.prefix = prefix
  }

  /** One order; how long it took, ms. @throws Error for anything but 201 */
  order(authorization: string, body: string): Promise<number> {
    const headers = {
      authorization,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'idempotency-key': `${this.prefix}-${this.counter++}`,
    }
    const started = performance.now()
    return new Promise((resolve, reject) => {
      const sent = request(
        `${this.url}/v1/orders`,
        { method: 'POST', agent: this.agent, headers },
        answer => {
          answer.on('error', reject)
          answer.resume()
          answer.on('end', () => {
            if (answer.statusCode === 201) resolve(performance.now() - started)
            else reject(new Error(`an order alone was answered with ${answer.statusCode}`))
          })
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }

  close(): void {
    this.agent.destroy()
  }
}
