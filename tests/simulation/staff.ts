// Whoever runs the shop while customers are in it: more stock, more coupons, points as a favour, new products.

import { Customer } from './customers.ts'

const HOUR_MS = 3_600_000

export class Staff extends Customer {
  private made = 0

  override async wish(): Promise<void> {
    await this.rest()
    await this.random.pick([
      () => this.addStock(this.random.pick(this.market.scene.products)),
      () => this.raiseQuota(),
      () => this.newCoupon(),
      () => this.favour(),
      () => this.newProduct(),
    ])()
  }

  private async addStock(productId: string): Promise<void> {
    const input = { productId, change: 1 + this.random.below(4), reason: 'found' }
    await this.insist('adjustStock', input, (doors, call) => doors.order.adjustStock(call, input))
  }

  private async raiseQuota(): Promise<void> {
    const couponId = this.random.pick(this.market.scene.coupons)
    const shown = await this.once('getCoupon', '', { couponId }, (doors, call) =>
      doors.coupon.getCoupon(call, { couponId }),
    )
    if (!shown?.ok) return
    const { version, quota } = shown.value
    const input = { couponId, version, quota: quota + 1 + this.random.below(3) }
    await this.insist('editCoupon', input, (doors, call) => doors.coupon.editCoupon(call, input))
  }

  private async newCoupon(): Promise<void> {
    const now = Math.floor(this.market.world.now)
    const input = {
      ...{ name: `coupon of ${this.made++}`, kind: 'percent' as const, value: 10 },
      ...{ quota: 2 + this.random.below(6) },
      ...{ opensAt: now - HOUR_MS, closesAt: now + HOUR_MS, usableUntil: now + HOUR_MS },
    }
    const made = await this.insist('createCoupon', input, (doors, call) =>
      doors.coupon.createCoupon(call, input),
    )
    if (made?.ok) this.market.scene.coupons.push(made.value.couponId)
  }

  private async favour(): Promise<void> {
    const input = { memberId: this.random.pick(this.market.scene.members), points: 10, reason: 'sorry' }
    await this.insist('adjustPoints', input, (doors, call) => doors.point.adjustPoints(call, input))
  }

  private async newProduct(): Promise<void> {
    const productId = `N${this.made++}`
    const input = { productId, name: `new ${productId}`, price: this.market.scene.price }
    const made = await this.insist('createProduct', input, (doors, call) =>
      doors.product.createProduct(call, input),
    )
    // Its stock begins when the order module has heard of it.
    if (made?.ok) await this.addStock(productId)
  }
}
