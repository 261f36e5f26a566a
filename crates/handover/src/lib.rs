//! Hand-over: storefront backends behind the port.
