// The contract of every module, by its name. From here come the doors, wherever a module is.

import { accountContract } from '../modules/account/contract.ts'
import { bestsellerContract } from '../modules/bestseller/contract.ts'
import { couponContract } from '../modules/coupon/contract.ts'
import { eventContract } from '../modules/event/contract.ts'
import { ladderContract } from '../modules/ladder/contract.ts'
import { notificationContract } from '../modules/notification/contract.ts'
import { orderContract } from '../modules/order/contract.ts'
import { paymentContract } from '../modules/payment/contract.ts'
import { pointContract } from '../modules/point/contract.ts'
import { productContract } from '../modules/product/contract.ts'
import type { Door } from '../platform/contract/operation.ts'

export const contracts = {
  account: accountContract,
  product: productContract,
  order: orderContract,
  payment: paymentContract,
  point: pointContract,
  coupon: couponContract,
  bestseller: bestsellerContract,
  notification: notificationContract,
  event: eventContract,
  ladder: ladderContract,
} as const

export type ModuleName = keyof typeof contracts
export const moduleNames = Object.keys(contracts) as readonly ModuleName[]

export type Doors = { readonly [N in ModuleName]: Door<(typeof contracts)[N]> }
