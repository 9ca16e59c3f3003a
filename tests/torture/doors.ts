// The ways into each process of the shop, for one identity.

import { accountContract } from '../../modules/account/contract.ts'
import { bestsellerContract } from '../../modules/bestseller/contract.ts'
import { couponContract } from '../../modules/coupon/contract.ts'
import { ladderContract } from '../../modules/ladder/contract.ts'
import { orderContract } from '../../modules/order/contract.ts'
import { paymentContract } from '../../modules/payment/contract.ts'
import { pointContract } from '../../modules/point/contract.ts'
import { productContract } from '../../modules/product/contract.ts'
import { type Client, createClient } from '../../platform/http/client.ts'
import { createSender, type Sender } from '../../platform/http/send.ts'

export interface Doors {
  readonly account: Client<typeof accountContract>
  readonly product: Client<typeof productContract>
  readonly order: Client<typeof orderContract>
  readonly payment: Client<typeof paymentContract>
  readonly point: Client<typeof pointContract>
  readonly coupon: Client<typeof couponContract>
  readonly bestseller: Client<typeof bestsellerContract>
  readonly ladder: Client<typeof ladderContract>
}

/** Connections to one process, of all clients together: each client has a few calls under way at most. */
const CONNECTIONS = 128

/** Connections to all processes, shared by all clients of a run. They outlive a process: its successor has its port. */
export class Ways {
  private readonly urls: readonly string[]
  private readonly senders: readonly Sender[]

  constructor(urls: readonly string[]) {
    this.urls = urls
    this.senders = urls.map(url => createSender(new URL(url), CONNECTIONS))
  }

  /** One for each process. */
  doors(authorization = ''): Doors[] {
    return this.urls.map((baseUrl, i) => {
      const sender = this.senders[i]!
      const options = { baseUrl, sender, ...(authorization === '' ? {} : { authorization }) }
      return {
        account: createClient(accountContract, options),
        product: createClient(productContract, options),
        order: createClient(orderContract, options),
        payment: createClient(paymentContract, options),
        point: createClient(pointContract, options),
        coupon: createClient(couponContract, options),
        bestseller: createClient(bestsellerContract, options),
        ladder: createClient(ladderContract, options),
      }
    })
  }

  close(): void {
    for (const sender of this.senders) sender.close()
  }
}
