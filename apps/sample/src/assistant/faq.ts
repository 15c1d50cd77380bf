interface Topic {
  /** A question about it has all of these in it. */
  readonly words: readonly string[]
  readonly answer: string
  /** Ways to ask for it. What is asked first is what the others are compared with. */
  readonly questions: readonly [string, ...string[]]
}

/** What the assistant knows. Prices and stock are not in it: what changes by the minute is read, and not remembered. */
export const faq: readonly Topic[] = [
  {
    words: ['return'],
    answer: 'Within 30 days, as long as it is unopened: put it back into its box and send it to us. We pay for that.',
    questions: ['How do I return a product?', 'How can I return my product?', 'Can I return a product?'],
  },
  {
    words: ['shipping', 'long'],
    answer: 'Two to three working days, and one day more to islands.',
    questions: [
      'How long does shipping take?',
      'How long will the shipping take?',
      'How long does your shipping take, please?',
    ],
  },
  {
    words: ['store', 'beans'],
    answer: 'In a tin that closes well, dry and dark, and not in the fridge. They are at their best for six weeks.',
    questions: [
      'How should I store coffee beans?',
      'How do I store my coffee beans?',
      'Where should I store the coffee beans?',
    ],
  },
  {
    words: ['grind', 'french press'],
    answer: 'A coarse one, like sea salt. Pour on the water, wait for four minutes, then press.',
    questions: [
      'Which grind is right for a French press?',
      'What grind is right for the French press?',
      'What is the right grind for my French press?',
    ],
  },
  {
    words: ['hot', 'green tea'],
    answer: 'About 70 °C. Water that boils makes it bitter.',
    questions: [
      'How hot should the water be for green tea?',
      'How hot is the water for green tea?',
      'How hot does water have to be for a green tea?',
    ],
  },
]
