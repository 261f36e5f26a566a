//! A line to the broker that can be cut.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinHandle,
};

pub struct Proxy {
    pub address: String,
    left: Arc<AtomicI64>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub async fn to(address: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let own = listener.local_addr().unwrap().to_string();
        let left = Arc::new(AtomicI64::new(i64::MAX));
        let budget = left.clone();
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (address, budget) = (address.clone(), budget.clone());
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(&address).await else { return };
                    let ((from_client, to_client), (from_server, to_server)) =
                        (client.into_split(), server.into_split());
                    tokio::select! {
                        () = forward(from_client, to_server, Some(&budget)) => {}
                        () = forward(from_server, to_client, None) => {}
                    }
                });
            }
        });
        Self { address: own, left, task }
    }

    /// Cuts the line once, when so many more bytes went to the server.
    pub fn cut_after(&self, bytes: i64) {
        self.left.store(bytes, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, budget: Option<&AtomicI64>) {
    let mut buffer = [0; 512];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let mut part = &buffer[..read];
        let mut cut = false;
        if let Some(budget) = budget {
            let left = budget.fetch_sub(i64::try_from(read).unwrap(), Ordering::SeqCst);
            if let Ok(left) = usize::try_from(left)
                && left < read
            {
                (part, cut) = (&part[..left], true);
                budget.store(i64::MAX, Ordering::SeqCst);
            }
        }
        if to.write_all(part).await.is_err() || cut {
            return;
        }
    }
}
