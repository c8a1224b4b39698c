/** Text for terminals without what colours it. */

// ESC [ … letter (CSI), ESC ] … BEL or ESC \ (OSC), and two-letter escapes (ECMA-48)
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\^_])/g;

export const plain = (text: string): string => text.replace(ESCAPES, "");
