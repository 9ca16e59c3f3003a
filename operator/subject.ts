/** Which part of the whole something speaks of. */
export type Subject = 'redis' | 'kafka' | 'ledger' | 'shop' | 'host' | 'network' | 'operator'
