// The payment provider, outside the shop: right books (those of the sandbox), and answers that are late, lost, or about
// what never happened.

import type { PaymentProvider } from '../../modules/payment/index.ts'
import type { ProviderAnswer } from '../../modules/payment/provider.ts'
import { type Answer, Books, type Operation } from '../../services/sandbox-provider/books.ts'
import type { Owner, World } from './world.ts'

const ANSWER_MS = [2, 30] as const
const LATE_MS = [200, 2_500] as const
/** As `payment.providerTimeout` says, ms. */
const TIMEOUT_MS = 3_000

export class ProviderServer {
  readonly world: World
  readonly books = new Books()
  /** Share of the requests that meet trouble. */
  trouble = 0
  /** Tells some shop process of what changed. */
  webhook: (type: string, paymentId: string) => void = () => undefined

  constructor(world: World) {
    this.world = world
  }

  /** As one process reaches it. Of a process that died it hears nothing new, and does what it had heard. */
  seenBy(owner: Owner): PaymentProvider {
    const ask = (operation: Operation, paymentId: string, book: () => Answer): Promise<Answer> =>
      this.ask(owner, operation, paymentId, book)
    const state = async (asked: Promise<Answer>): Promise<ProviderAnswer> =>
      (await asked).body as unknown as ProviderAnswer
    const { books } = this
    return {
      name: 'simulated',
      settlesAtOnce: false,
      authorise: ({ paymentId, amount, token }) =>
        state(ask('authorise', paymentId, () => books.authorise(paymentId, amount, token))),
      capture: paymentId => state(ask('capture', paymentId, () => books.capture(paymentId))),
      void: paymentId => state(ask('void', paymentId, () => books.void(paymentId))),
      async refund({ refundId, paymentId, amount }) {
        await ask('refund', paymentId, () => books.refund(paymentId, refundId, amount))
      },
      lookUp: paymentId => state(ask('lookUp', paymentId, () => books.lookUp(paymentId))),
    }
  }

  private ask(owner: Owner, operation: Operation, paymentId: string, book: () => Answer): Promise<Answer> {
    const { world, books } = this
    const { random } = world
    if (!owner.alive) return new Promise<Answer>(() => undefined)
    const ill = random.chance(this.trouble)
    const fate = ill ? random.pick(['late', 'lost', 'drop', 'error', 'twice'] as const) : 'well'
    const span: readonly [number, number] = fate === 'late' ? LATE_MS : ANSWER_MS
    return new Promise((resolve, reject) => {
      const fail = (ms: number, why: string): void =>
        void world.after(ms, owner, () => reject(new Error(`the provider ${why}`)))
      if (fate === 'lost') return fail(random.between(1, TIMEOUT_MS), 'was not reached')
      const there = random.between(...span)
      if (fate === 'late') fail(TIMEOUT_MS, 'did not answer')
      world.after(there, world.outside, () => {
        if (fate === 'error') return fail(1, 'answered 500')
        const done = book()
        books.count(paymentId, operation)
        if (fate === 'twice') book()
        if (done.event !== undefined) this.tell(done.event, paymentId)
        if (fate === 'drop') return fail(random.between(1, TIMEOUT_MS), 'ended the connection')
        world.after(random.between(...span), owner, () =>
          done.status === 200 ? resolve(done) : reject(new Error(`the provider answered ${done.status}`)),
        )
      })
    })
  }

  /** At any time, now and then twice, now and then never. */
  private tell(type: string, paymentId: string): void {
    const { random } = this.world
    for (const often of [0.8, 0.2])
      if (random.chance(often))
        this.world.after(random.between(5, 1_500), this.world.outside, () => this.webhook(type, paymentId))
  }
}
