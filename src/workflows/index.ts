export { deliverCallbacks } from './deliver-callbacks';
export { forgetUser } from './forget-user';
export { hostedLinkSession } from './hosted-link-session';
export { removeItem } from './remove-item';
export { tokenExchange } from './token-exchange';
