// What a Vendure shop needs to take orders of the platform: fields that keep the platform's names
// and prices, a price strategy and a shipping calculator that charge those prices.
//
// All fields are closed to the shop API. A customer who could set a unit price would.
'use strict';

const {
    LanguageCode,
    PluginCommonModule,
    ShippingCalculator,
    ShippingEligibilityChecker,
    VendurePlugin,
} = require('@vendure/core');

const closed = { public: false, nullable: true };
const text = value => [{ languageCode: LanguageCode.en, value }];

const customFields = {
    Order: [
        // What makes one order of many tries: the database takes it once.
        { name: 'platformOrderId', type: 'string', unique: true, ...closed },
        { name: 'platformShipping', type: 'int', ...closed },
        { name: 'platformDuties', type: 'int', ...closed },
    ],
    OrderLine: [
        { name: 'platformLine', type: 'string', ...closed },
        { name: 'platformUnitPrice', type: 'int', ...closed },
    ],
};

// The buyer has paid this price, taxes included. Lines of the shop's own orders have the shop's.
class PlatformPrices {
    calculateUnitPrice(_ctx, variant, fields) {
        const price = fields.platformUnitPrice;
        return price === null || price === undefined
            ? { price: variant.listPrice, priceIncludesTax: variant.listPriceIncludesTax }
            : { price, priceIncludesTax: true };
    }
}

const platformOrders = new ShippingEligibilityChecker({
    code: 'platform-orders',
    description: text('Orders of the platform'),
    args: {},
    check: (_ctx, order) => Boolean(order.customFields.platformOrderId),
});

// Duties, taxes and clearance fees are paid with the shipping.
const platformShipping = new ShippingCalculator({
    code: 'platform-shipping',
    description: text('What the buyer paid for shipping and duties'),
    args: { taxRate: { type: 'float', defaultValue: 0, label: text('Tax rate') } },
    calculate: (_ctx, order, args) => ({
        price: (order.customFields.platformShipping ?? 0) + (order.customFields.platformDuties ?? 0),
        priceIncludesTax: true,
        taxRate: args.taxRate,
    }),
});

class MeridianPlugin {}
VendurePlugin({
    imports: [PluginCommonModule],
    compatibility: '^3.0.0',
    configuration: config => {
        config.customFields.Order.push(...customFields.Order);
        config.customFields.OrderLine.push(...customFields.OrderLine);
        config.orderOptions.orderItemPriceCalculationStrategy = new PlatformPrices();
        config.shippingOptions.shippingEligibilityCheckers.push(platformOrders);
        config.shippingOptions.shippingCalculators.push(platformShipping);
        return config;
    },
})(MeridianPlugin);

module.exports = { MeridianPlugin, platformOrders, platformShipping };
