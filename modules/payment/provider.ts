// What a payment provider must be able to do. Every call carries our own id, under which it is once.

/** A right answer of the provider. No answer in time is an exception, and means unknown. */
export interface ProviderAnswer {
  readonly state: 'authorised' | 'captured' | 'declined' | 'voided' | 'none'
  /** Why it was declined, for people. */
  readonly cause?: string
}

export interface Charge {
  readonly paymentId: string
  readonly amount: number
  readonly currency: string
  readonly token: string
}

export interface PaymentProvider {
  readonly name: string
  /** True: `authorise` captures too, so one call and one commit settle a payment. */
  readonly settlesAtOnce: boolean
  authorise(charge: Charge): Promise<ProviderAnswer>
  capture(paymentId: string): Promise<ProviderAnswer>
  /**
   * Undoes an authorisation, or a capture whose order is dead. Of a payment it never heard of: takes note, so that
   * an `authorise` that still comes is answered `voided`.
   */
  void(paymentId: string): Promise<ProviderAnswer>
  /** Once per refund id. */
  refund(refund: { refundId: string; paymentId: string; amount: number }): Promise<void>
  /** What the provider knows of a payment; `none`: it never heard of it. */
  lookUp(paymentId: string): Promise<ProviderAnswer>
  /** Lets go of its connections. */
  close?(): void
}
