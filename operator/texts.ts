// What people read is written in both languages where it is made; whoever shows it takes one.

export type Language = 'ko' | 'en'

export type Texts = Readonly<Record<Language, string>>
