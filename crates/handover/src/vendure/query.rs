//! The calls, as the Admin API of Vendure 3 has them. A change that may be refused is called
//! `done`.

pub(super) const LOG_IN: &str = "
mutation LogIn($user: String!, $password: String!) {
  done: login(username: $user, password: $password) { ... on ErrorResult { errorCode message } }
}";

pub(super) const ORDERS: &str = "
query Orders($key: String!) {
  orders(options: { take: 1, filter: { platformOrderId: { eq: $key } } }) {
    items {
      id code state orderPlacedAt currencyCode totalWithTax
      lines {
        id quantity productVariant { id } customFields { platformLine platformUnitPrice }
      }
    }
  }
}";

pub(super) const VARIANTS: &str = "
query Variants($skus: [String!]!) {
  productVariants(options: { take: 1000, filter: { sku: { in: $skus } } }) {
    items { id sku enabled }
  }
}";

pub(super) const CREATE: &str = "mutation Create { createDraftOrder { id } }";

pub(super) const DELETE: &str = "
mutation Delete($order: ID!) { deleteDraftOrder(orderId: $order) { result } }";

pub(super) const NAME: &str = "
mutation Name($order: ID!, $key: String!, $shipping: Int!, $duties: Int!) {
  setDraftOrderCustomFields(orderId: $order, input: {
    id: $order
    customFields: { platformOrderId: $key, platformShipping: $shipping, platformDuties: $duties }
  }) { id }
}";

pub(super) const SHIP_TO: &str = "
mutation ShipTo($order: ID!, $address: CreateAddressInput!) {
  setDraftOrderShippingAddress(orderId: $order, input: $address) { id }
}";

pub(super) const BILL_TO: &str = "
mutation BillTo($order: ID!, $address: CreateAddressInput!) {
  setDraftOrderBillingAddress(orderId: $order, input: $address) { id }
}";

pub(super) const CUSTOMERS: &str = "
query Customers($email: String!) {
  customers(options: { take: 1, filter: { emailAddress: { eq: $email } } }) { items { id } }
}";

pub(super) const SELL_TO: &str = "
mutation SellTo($order: ID!, $customer: ID, $new: CreateCustomerInput) {
  done: setCustomerForDraftOrder(orderId: $order, customerId: $customer, input: $new) {
    ... on ErrorResult { errorCode message }
  }
}";

pub(super) const ADD: &str = "
mutation Add($order: ID!, $variant: ID!, $quantity: Int!, $line: String!, $price: Int!) {
  done: addItemToDraftOrder(orderId: $order, input: {
    productVariantId: $variant
    quantity: $quantity
    customFields: { platformLine: $line, platformUnitPrice: $price }
  }) { ... on ErrorResult { errorCode message } }
}";

pub(super) const ADJUST: &str = "
mutation Adjust($order: ID!, $line: ID!, $quantity: Int!) {
  done: adjustDraftOrderLine(orderId: $order, input: { orderLineId: $line, quantity: $quantity }) {
    ... on ErrorResult { errorCode message }
  }
}";

pub(super) const REMOVE: &str = "
mutation Remove($order: ID!, $line: ID!) {
  done: removeDraftOrderLine(orderId: $order, orderLineId: $line) {
    ... on ErrorResult { errorCode message }
  }
}";

pub(super) const SHIPPING_METHODS: &str = "
query ShippingMethods($order: ID!) {
  eligibleShippingMethodsForDraftOrder(orderId: $order) { id code }
}";

pub(super) const SHIP_BY: &str = "
mutation ShipBy($order: ID!, $method: ID!) {
  done: setDraftOrderShippingMethod(orderId: $order, shippingMethodId: $method) {
    ... on ErrorResult { errorCode message }
  }
}";

pub(super) const MOVE_TO: &str = "
mutation MoveTo($order: ID!, $state: String!) {
  done: transitionOrderToState(id: $order, state: $state) {
    ... on OrderStateTransitionError { errorCode message transitionError }
  }
}";

pub(super) const PAY: &str = "
mutation Pay($order: ID!, $method: String!, $reference: String!) {
  done: addManualPaymentToOrder(input: {
    orderId: $order, method: $method, transactionId: $reference, metadata: {}
  }) { ... on ErrorResult { errorCode message } }
}";
