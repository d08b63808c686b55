export { callbackDelivery } from './callback-delivery';
export { userErasure } from './user-erasure';
export { hostedLinkSession } from './hosted-link-session';
export { itemRemoval } from './item-removal';
export { tokenExchange } from './token-exchange';
