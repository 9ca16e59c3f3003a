// The sandbox provider inside the shop: settles at once, decides by the token, needs nothing else.

import { Recent } from '../../platform/cache/recent.ts'
import type { PaymentProvider, ProviderAnswer } from './provider.ts'

/** Payments remembered for look-ups: some minutes of full speed. A look-up comes seconds after its payment. */
const REMEMBERED = 100_000

/** `tok_declined…` is declined, every other token is paid. */
export function sandboxInProcess(): PaymentProvider {
  const known = new Recent<string, ProviderAnswer>(REMEMBERED)
  const remember = (paymentId: string, answer: ProviderAnswer): ProviderAnswer => {
    known.set(paymentId, answer)
    return answer
  }
  return {
    name: 'sandbox',
    settlesAtOnce: true,
    async authorise({ paymentId, token }) {
      const before = known.get(paymentId)
      if (before !== undefined) return before
      const declined = token.startsWith('tok_declined')
      return remember(
        paymentId,
        declined ? { state: 'declined', cause: 'the card was declined' } : { state: 'captured' },
      )
    },
    capture: async paymentId => known.get(paymentId) ?? { state: 'none' },
    void: async paymentId => remember(paymentId, { state: 'voided' }),
    refund: async () => undefined,
    lookUp: async paymentId => known.get(paymentId) ?? { state: 'none' },
  }
}
