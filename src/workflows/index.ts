export { hostedLinkSession } from './hosted-link-session';
export { tokenExchange } from './token-exchange';
