// Bytes that stand for themselves in a multipart body (RFC 2046, section 5.1.1).
export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const DASH = 0x2d;
