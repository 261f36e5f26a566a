// What the shop starts with: a channel in euros, prices with taxes, four countries, a shipping
// method for orders of the platform, and products that the tests know by their SKUs.
'use strict';

const {
    ChannelService,
    CurrencyCode,
    LanguageCode,
    manualFulfillmentHandler,
    Populator,
    ProductService,
    ProductVariantService,
    ShippingMethodService,
    TaxCategoryService,
    RequestContext,
    RequestContextService,
    TransactionalConnection,
    User,
} = require('@vendure/core');
const { platformOrders, platformShipping } = require('./meridian-plugin');

const products = [
    { sku: 'SHIRT-M', name: 'Shirt', price: 2999, stock: 1000000 },
    { sku: 'SHOES-42', name: 'Shoes', price: 8950, stock: 1000000 },
    { sku: 'SCARF', name: 'Scarf', price: 1000, stock: 1000000 },
    { sku: 'LAMP', name: 'Lamp', price: 4500, stock: 2 },
    { sku: 'SOLD-OUT', name: 'Vase', price: 1900, stock: 0 },
    { sku: 'WITHDRAWN', name: 'Clock', price: 1900, stock: 10, enabled: false },
];

const initialData = {
    defaultLanguage: LanguageCode.en,
    defaultZone: 'Europe',
    countries: [
        { code: 'DE', name: 'Germany', zone: 'Europe' },
        { code: 'FR', name: 'France', zone: 'Europe' },
        { code: 'IT', name: 'Italy', zone: 'Europe' },
        { code: 'US', name: 'United States of America', zone: 'Americas' },
    ],
    taxRates: [{ name: 'Standard', percentage: 19 }],
    shippingMethods: [{ name: 'Parcel', price: 500 }],
    paymentMethods: [],
    collections: [],
};

async function seed(app) {
    const channels = app.get(ChannelService);
    const connection = app.get(TransactionalConnection);
    const context = async () =>
        app.get(RequestContextService).create({
            apiType: 'admin',
            languageCode: LanguageCode.en,
            channelOrToken: await channels.getDefaultChannel(),
            user: await connection.rawConnection.getRepository(User).findOneByOrFail({
                identifier: 'superadmin',
            }),
        });
    // Whom the request is from matters to the channel service alone; this is nobody's.
    await channels.update(RequestContext.empty(), {
        id: (await channels.getDefaultChannel()).id,
        pricesIncludeTax: true,
        availableCurrencyCodes: [CurrencyCode.EUR],
        defaultCurrencyCode: CurrencyCode.EUR,
        trackInventory: true,
    });
    await app.get(Populator).populateInitialData(initialData);

    const ctx = await context();
    await app.get(ShippingMethodService).create(ctx, {
        code: 'platform',
        fulfillmentHandler: manualFulfillmentHandler.code,
        checker: { code: platformOrders.code, arguments: [] },
        calculator: { code: platformShipping.code, arguments: [{ name: 'taxRate', value: '0' }] },
        translations: [{ languageCode: LanguageCode.en, name: 'Platform', description: '' }],
    });
    const [category] = (await app.get(TaxCategoryService).findAll(ctx)).items;
    for (const { sku, name, price, stock, enabled = true } of products) {
        const translation = { languageCode: LanguageCode.en, name };
        const product = await app.get(ProductService).create(ctx, {
            translations: [{ ...translation, slug: sku.toLowerCase(), description: '' }],
        });
        await app.get(ProductVariantService).create(ctx, [
            {
                productId: product.id,
                sku,
                price,
                enabled,
                taxCategoryId: category.id,
                stockOnHand: stock,
                translations: [translation],
            },
        ]);
    }
}

module.exports = { seed };
