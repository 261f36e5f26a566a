//! The tables as SeaORM knows them, for reads and lists. Writes that go with a command are in
//! `commit`.

pub(crate) mod cancellation {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "cancellations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub store_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub cancellation_id: Uuid,
        pub order_id: String,
        pub state: String,
        pub requested_by: String,
        pub reason: Option<String>,
        pub customer_reason: Option<String>,
        pub created_at: i64,
        pub accepted_at: Option<i64>,
        pub completed_at: Option<i64>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod cancellation_product {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "cancellation_products")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub store_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub product_code: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub cancellation_id: Uuid,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod claim {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "claims")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub scope: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub claim_key: String,
        pub store_id: String,
        pub holder: String,
        pub fingerprint: Vec<u8>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod fact {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "facts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub store_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub order_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub place: i64,
        pub sequence: Option<i64>,
        pub occurred_at: i64,
        pub event_id: Uuid,
        pub kind: String,
        pub actor_kind: String,
        pub actor_id: String,
        pub traceparent: Option<String>,
        pub body: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod quote {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "quotes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub store_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub order_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub quote_id: Uuid,
        pub revision: i64,
        pub expires_at: i64,
        pub hash: Vec<u8>,
        pub request: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod refund {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "refunds")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub store_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub refund_id: Uuid,
        pub order_id: String,
        pub refund_number: i64,
        /// Of the fact that made it.
        pub place: i64,
        pub created_at: i64,
        pub state: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod store {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "stores")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub store_id: String,
        pub version: i64,
        pub doc: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod token {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tokens")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub store_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub token_id: Uuid,
        #[sea_orm(unique)]
        pub hash: Vec<u8>,
        pub doc: String,
        /// Beside what is kept of it, and by no commit.
        pub last_used_at: Option<i64>,
        pub ends_at: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod transfer {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "ledger_transfers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub store_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub transfer_key: String,
        pub from_account: String,
        pub from_may_be_negative: bool,
        pub to_account: String,
        pub to_may_be_negative: bool,
        pub currency: String,
        pub amount: i64,
        pub posted_at: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod webhook_delivery {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook_deliveries")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub store_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub endpoint_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub event_id: Uuid,
        pub kind: String,
        pub order_id: Option<String>,
        pub position: i64,
        pub state: String,
        pub tries: i64,
        pub due_at: Option<i64>,
        pub begun: i64,
        pub asked: bool,
        pub attempts: String,
        pub created_at: i64,
        pub updated_at: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
